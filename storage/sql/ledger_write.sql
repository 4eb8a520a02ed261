SELECT ledger_write($1::jsonb)
