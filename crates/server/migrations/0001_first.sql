-- Portable SQL: times are milliseconds since 1970 as BIGINT, JSON is TEXT.

CREATE TABLE accounts (
    user_id    TEXT   NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

-- One row per call from the moment it is placed, so that a killed server finds what it was doing.
CREATE TABLE calls (
    call_id     TEXT   NOT NULL PRIMARY KEY,
    state       TEXT   NOT NULL CHECK (state IN ('started', 'ended')),
    facts       TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    accepted_at BIGINT,
    accepted_by TEXT,
    ended_at    BIGINT
);

CREATE INDEX calls_started ON calls (call_id) WHERE state = 'started';

CREATE TABLE records (
    call_id    TEXT   NOT NULL PRIMARY KEY REFERENCES calls (call_id),
    outcome    TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    record     TEXT   NOT NULL,
    CHECK (ended_at >= started_at)
);

CREATE INDEX records_by_time ON records (started_at, call_id);

CREATE TABLE record_users (
    user_id    TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    call_id    TEXT   NOT NULL REFERENCES records (call_id),
    PRIMARY KEY (user_id, started_at, call_id)
);

CREATE INDEX record_users_by_call ON record_users (call_id);

-- A conversation is of two users, the lesser id first; its counter outlives its messages.
CREATE TABLE conversations (
    low      TEXT   NOT NULL,
    high     TEXT   NOT NULL,
    last_seq BIGINT NOT NULL,
    PRIMARY KEY (low, high)
);

CREATE TABLE messages (
    low     TEXT   NOT NULL,
    high    TEXT   NOT NULL,
    seq     BIGINT NOT NULL,
    sender  TEXT   NOT NULL,
    sent_at BIGINT NOT NULL,
    call_id TEXT,
    custom  TEXT   NOT NULL,
    PRIMARY KEY (low, high, seq),
    FOREIGN KEY (low, high) REFERENCES conversations (low, high)
);

CREATE UNIQUE INDEX messages_of_call ON messages (call_id, low, high);
CREATE INDEX messages_by_time ON messages (sent_at);

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
