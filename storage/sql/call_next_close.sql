SELECT min(closes_at) FROM call WHERE ended_at IS NULL
