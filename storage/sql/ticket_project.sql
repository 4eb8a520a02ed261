SELECT ledger_project($1::jsonb, $2::jsonb)
