-- A report is open until somebody has looked at it.

ALTER TABLE reports ADD COLUMN closed_at timestamptz;
CREATE INDEX reports_open ON reports (reported) WHERE closed_at IS NULL;
