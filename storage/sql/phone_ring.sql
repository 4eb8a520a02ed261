SELECT pg_notify('phone_inbox', '{}')
