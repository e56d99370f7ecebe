-- The account by which Grafana reads alerts and nothing else. Run after every migration; twice is the same as once.
-- psql's variable `password` holds its password.
\set ON_ERROR_STOP on
SELECT 'CREATE ROLE grafana' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana LOGIN CONNECTION LIMIT 8 PASSWORD :'password';
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '10s';
GRANT SELECT ON alerts TO grafana;
