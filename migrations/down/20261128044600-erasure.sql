DROP INDEX flows_spent;
