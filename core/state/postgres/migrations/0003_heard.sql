-- Telegram keeps what it could not hand over for 24 hours: who was away for longer has lost some of it.

ALTER TABLE bots ADD COLUMN heard_at timestamptz;
COMMENT ON COLUMN bots.heard_at IS 'When the bot last heard from Telegram, to a minute.';
