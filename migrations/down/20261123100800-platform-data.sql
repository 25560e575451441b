-- Rows that refer to the platform's rows are deleted with them: this step is only part of going all the way down.
DELETE FROM meta WHERE key = 'platform_seed';
DELETE FROM refresh_families WHERE client_id = '00000000-0000-4000-8000-000000000002';
DELETE FROM assignments WHERE principal_id = '00000000-0000-4000-8000-000000000001'
    OR role_id IN (SELECT id FROM roles WHERE service_id = '00000000-0000-4000-8000-000000000001');
DELETE FROM role_includes WHERE role_id IN (SELECT id FROM roles WHERE service_id = '00000000-0000-4000-8000-000000000001')
    OR included_id IN (SELECT id FROM roles WHERE service_id = '00000000-0000-4000-8000-000000000001');
DELETE FROM role_permissions WHERE role_id IN (SELECT id FROM roles WHERE service_id = '00000000-0000-4000-8000-000000000001');
DELETE FROM app_tokens WHERE service_id = '00000000-0000-4000-8000-000000000001';
DELETE FROM roles WHERE service_id = '00000000-0000-4000-8000-000000000001';
DELETE FROM permissions WHERE service_id = '00000000-0000-4000-8000-000000000001';
DELETE FROM clients WHERE id = '00000000-0000-4000-8000-000000000002';
DELETE FROM services WHERE id = '00000000-0000-4000-8000-000000000001';
DELETE FROM principals WHERE id = '00000000-0000-4000-8000-000000000001';
