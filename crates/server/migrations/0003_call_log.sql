-- A user may take a call out of their own call log; the record stays.
ALTER TABLE record_users ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1));
