-- What the accounts of shards and coordinators may do, where the server has them (deploy/postgres/roles.sql).
-- Applied after every migration, as a whole: a table that is not named here is closed to both.
DO $$
DECLARE
    named text[] := ARRAY[
        ['duologue_shard', 'SELECT, INSERT, UPDATE', 'epochs'],
        ['duologue_shard', 'SELECT, INSERT, UPDATE', 'people'],
        ['duologue_shard', 'SELECT, INSERT, UPDATE', 'reach'],
        ['duologue_shard', 'SELECT, INSERT, UPDATE', 'reports'],
        ['duologue_shard', 'SELECT, INSERT, DELETE', 'evidence'],
        ['duologue_shard', 'SELECT, INSERT, UPDATE', 'broadcasts'],
        ['duologue_shard', 'SELECT, INSERT, UPDATE', 'broadcast_bots'],
        ['duologue_coordinator', 'SELECT, INSERT, UPDATE', 'epochs'],
        ['duologue_coordinator', 'SELECT, UPDATE', 'people'],
        ['duologue_coordinator', 'SELECT, UPDATE', 'reach'],
        ['duologue_coordinator', 'SELECT, UPDATE', 'reports'],
        ['duologue_coordinator', 'SELECT (at), DELETE', 'evidence'],
        ['duologue_coordinator', 'SELECT, INSERT, UPDATE', 'broadcasts'],
        ['duologue_coordinator', 'SELECT, INSERT, UPDATE', 'broadcast_bots']
    ];
    line text[];
    account text;
    columns text;
BEGIN
    FOREACH account IN ARRAY ARRAY['duologue_shard', 'duologue_coordinator'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = account);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', account);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', account);
        FOREACH line SLICE 1 IN ARRAY named LOOP
            IF line[1] = account AND to_regclass(line[3]) IS NOT NULL THEN
                EXECUTE format('GRANT %s ON %I TO %I', line[2], line[3], account);
            END IF;
        END LOOP;
        -- Bots: a shard reads its token and changes none, a coordinator does not even see it; nobody adds one.
        SELECT string_agg(quote_ident(column_name), ', ') INTO columns
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'bots'
          AND column_name NOT IN ('id', 'username', 'token', 'key_version', 'added_at');
        EXECUTE format('GRANT UPDATE (%s) ON bots TO %I', columns, account);
        IF account = 'duologue_shard' THEN
            GRANT SELECT ON bots TO duologue_shard;
        ELSE
            EXECUTE format('GRANT SELECT (id, username, added_at, %s) ON bots TO %I', columns, account);
        END IF;
    END LOOP;
END
$$;
