-- Rows lie in the tree of their primary key. A table of SQLite otherwise is two trees, one by a
-- number nobody uses and one from the key to that number, and every call writes to both. Only rows
-- that are long and come in no order of their key, messages, stay as they were.
DROP INDEX calls_started;
DROP INDEX records_by_time;
DROP INDEX records_by_outcome;
DROP INDEX record_users_by_call;
DROP INDEX messages_by_client_id;
DROP INDEX messages_of_call;
DROP INDEX messages_by_time;
DROP INDEX conversation_users_by_conversation;
ALTER TABLE calls RENAME TO calls_3;
ALTER TABLE records RENAME TO records_3;
ALTER TABLE record_users RENAME TO record_users_3;
ALTER TABLE conversations RENAME TO conversations_3;
ALTER TABLE messages RENAME TO messages_3;
ALTER TABLE conversation_users RENAME TO conversation_users_3;

CREATE TABLE calls (
    call_id     TEXT   NOT NULL PRIMARY KEY,
    state       TEXT   NOT NULL CHECK (state IN ('started', 'ended')),
    facts       TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    accepted_at BIGINT,
    accepted_by TEXT,
    ended_at    BIGINT
) WITHOUT ROWID;

CREATE TABLE records (
    call_id    TEXT   NOT NULL PRIMARY KEY REFERENCES calls (call_id),
    outcome    TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    record     TEXT   NOT NULL,
    CHECK (ended_at >= started_at)
) WITHOUT ROWID;

CREATE TABLE record_users (
    user_id    TEXT    NOT NULL,
    started_at BIGINT  NOT NULL,
    call_id    TEXT    NOT NULL REFERENCES records (call_id),
    hidden     INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    PRIMARY KEY (user_id, started_at, call_id)
) WITHOUT ROWID;

CREATE TABLE conversations (
    conversation TEXT   NOT NULL PRIMARY KEY,
    last_seq     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE messages (
    conversation TEXT   NOT NULL REFERENCES conversations (conversation),
    seq          BIGINT NOT NULL,
    sender       TEXT   NOT NULL,
    sent_at      BIGINT NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('text', 'custom')),
    body         TEXT   NOT NULL,
    client_id    TEXT,
    call_id      TEXT,
    recalled_at  BIGINT,
    PRIMARY KEY (conversation, seq)
);

CREATE TABLE conversation_users (
    user_id      TEXT   NOT NULL,
    conversation TEXT   NOT NULL REFERENCES conversations (conversation),
    since_seq    BIGINT NOT NULL,
    read_seq     BIGINT NOT NULL CHECK (read_seq >= since_seq),
    PRIMARY KEY (user_id, conversation)
) WITHOUT ROWID;

INSERT INTO calls SELECT * FROM calls_3;
INSERT INTO records SELECT * FROM records_3;
INSERT INTO record_users SELECT user_id, started_at, call_id, hidden FROM record_users_3;
INSERT INTO conversations SELECT * FROM conversations_3;
INSERT INTO messages SELECT * FROM messages_3;
INSERT INTO conversation_users SELECT * FROM conversation_users_3;

DROP TABLE conversation_users_3;
DROP TABLE messages_3;
DROP TABLE conversations_3;
DROP TABLE record_users_3;
DROP TABLE records_3;
DROP TABLE calls_3;

CREATE INDEX calls_started ON calls (call_id) WHERE state = 'started';
CREATE INDEX records_by_time ON records (started_at, call_id);
CREATE INDEX records_by_outcome ON records (outcome, started_at, call_id);
CREATE INDEX record_users_by_call ON record_users (call_id);
-- A message of a call has no name of its sender's, one that is written has no call.
CREATE UNIQUE INDEX messages_by_client_id ON messages (sender, client_id)
WHERE client_id IS NOT NULL;
CREATE UNIQUE INDEX messages_of_call ON messages (call_id, conversation)
WHERE call_id IS NOT NULL;
CREATE INDEX messages_by_time ON messages (sent_at);
CREATE INDEX conversation_users_by_conversation ON conversation_users (conversation);
