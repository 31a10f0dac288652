-- The network: who takes part, which bots serve, who owns what.

CREATE TABLE epochs (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
COMMENT ON TABLE epochs IS 'The last epoch handed out for a lease. Only ever rises.';

CREATE TABLE bots (
    id bigint PRIMARY KEY,
    username text NOT NULL,
    token bytea NOT NULL,
    key_version smallint NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'warming', 'active', 'draining', 'retired', 'quarantined')),
    reason text NOT NULL DEFAULT '',
    added_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN bots.token IS 'AES-256-GCM: nonce, then ciphertext; bot id and key version are bound in.';

CREATE TABLE people (
    id bigint PRIMARY KEY,
    language text NOT NULL DEFAULT 'en',
    consented_at timestamptz,
    home_bot bigint,
    banned_until timestamptz,
    ban_reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN people.banned_until IS 'infinity: for good; NULL: not banned.';

CREATE TABLE reach (
    person bigint NOT NULL,
    bot bigint NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    blocked_at timestamptz,
    PRIMARY KEY (person, bot)
);
CREATE INDEX reach_bot ON reach (bot) WHERE blocked_at IS NULL;
COMMENT ON TABLE reach IS 'Which bots a person has opened, and so which may write to them.';

CREATE TABLE reports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    reporter bigint NOT NULL,
    reported bigint NOT NULL,
    conversation bigint NOT NULL,
    reason text NOT NULL DEFAULT '',
    UNIQUE (reporter, conversation)
);
