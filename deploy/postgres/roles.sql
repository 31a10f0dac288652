-- The accounts of shards and coordinators. Once, by an account that may create others; may be run again.
-- They own nothing and may connect, no more: `duologue migrate` gives them what they need of each table
-- (core/state/postgres/grants.sql). Where they have passwords, set them: ALTER ROLE duologue_shard PASSWORD '...'.
DO $$
DECLARE
    account text;
BEGIN
    FOREACH account IN ARRAY ARRAY['duologue_shard', 'duologue_coordinator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = account) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', account);
        END IF;
    END LOOP;
END
$$;
