"""Things that break, by rule. A rule says what breaks and when; the server does the breaking."""
