-- A message that somebody reported, encrypted: gone when the report is closed, after 30 days at the latest.

CREATE TABLE evidence (
    reporter bigint NOT NULL,
    conversation bigint NOT NULL,
    message bigint NOT NULL,
    reported bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    sealed bytea NOT NULL,
    PRIMARY KEY (reporter, conversation, message)
);
CREATE INDEX evidence_reported ON evidence (reported);
CREATE INDEX evidence_at ON evidence (at);
