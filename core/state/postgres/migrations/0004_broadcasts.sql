-- One message of an admin to everybody, and how far it has come at each bot.

CREATE TABLE broadcasts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    admin bigint NOT NULL,
    bot bigint NOT NULL,
    asked bigint,
    content bytea NOT NULL,
    state text NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'ready', 'running', 'paused', 'done', 'stopped', 'cancelled')),
    audience bigint NOT NULL DEFAULT 0,
    stars integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (bot, asked)
);
COMMENT ON COLUMN broadcasts.bot IS 'Where it was asked for, and whose file ids the content holds; 0: the command line.';
COMMENT ON COLUMN broadcasts.asked IS 'The update by which it was asked for, so that a repeated one asks once.';
COMMENT ON COLUMN broadcasts.started_at IS 'Who could be reached at this moment is the audience.';
COMMENT ON COLUMN broadcasts.finished_at IS 'From here on its counts do not change.';
CREATE UNIQUE INDEX broadcasts_one_at_a_time ON broadcasts ((true)) WHERE state IN ('running', 'paused');

CREATE TABLE broadcast_bots (
    broadcast bigint NOT NULL REFERENCES broadcasts ON DELETE CASCADE,
    bot bigint NOT NULL,
    cursor bigint NOT NULL DEFAULT 0,
    fed bigint NOT NULL DEFAULT 0,
    sent bigint NOT NULL DEFAULT 0,
    blocked bigint NOT NULL DEFAULT 0,
    gone bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    paid bigint NOT NULL DEFAULT 0,
    granted bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (broadcast, bot)
);
COMMENT ON TABLE broadcast_bots IS 'The bots that serve when a broadcast starts. A copy of what Redis counts, at most seconds old.';
COMMENT ON COLUMN broadcasts.stars IS 'What it may cost at most.';
COMMENT ON COLUMN broadcast_bots.granted IS 'Messages that the bot may pay for, a tenth of a Star each; Redis holds what is left of them.';
COMMENT ON COLUMN broadcast_bots.cursor IS 'The last person that was put into the stream of the bot''s shard.';

ALTER TABLE reach ADD COLUMN away tstzrange;
COMMENT ON COLUMN reach.away IS 'The last time that the person had blocked the bot, where they came back.';
-- Pages through the people of one bot; the index before it could not.
CREATE INDEX reach_bot_person ON reach (bot, person);
DROP INDEX reach_bot;
