DROP TABLE usage_hours;
DROP TABLE app_token_secrets;
DROP TABLE app_tokens;
