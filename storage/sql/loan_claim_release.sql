-- Also for a loan that has asked nothing yet: an attempt to reserve may still be under way.
INSERT INTO loan_claim (loan_id, released) VALUES ($1, true)
ON CONFLICT (loan_id) DO UPDATE SET released = true, device = NULL
