-- Note which messages of one side are which of the other; kept 48 hours after the last.
-- KEYS conversation   ARGV records (8 bytes a message)
redis.call('APPEND', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], KEPT_MS)
return 1
