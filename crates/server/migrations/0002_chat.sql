-- Portable SQL, as in the first version: times are milliseconds since 1970 as BIGINT.

ALTER TABLE accounts ADD COLUMN nickname TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN avatar TEXT NOT NULL DEFAULT '';

-- What one account calls another.
CREATE TABLE remarks (
    user_id   TEXT NOT NULL,
    friend_id TEXT NOT NULL,
    remark    TEXT NOT NULL,
    PRIMARY KEY (user_id, friend_id)
);

CREATE TABLE chat_groups (
    group_id   TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    owner      TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE group_members (
    group_id  TEXT   NOT NULL REFERENCES chat_groups (group_id),
    user_id   TEXT   NOT NULL,
    role      TEXT   NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    name_card TEXT   NOT NULL DEFAULT '',
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);

CREATE INDEX group_members_by_user ON group_members (user_id, group_id);

-- A conversation has one key: 'c:' low ':' high between two accounts, the lesser id first, or 'g:'
-- and the id of a group. Ids of accounts have no colon. The counter outlives the messages, so that
-- numbers are never used twice.
ALTER TABLE messages RENAME TO messages_1;
ALTER TABLE conversations RENAME TO conversations_1;
DROP INDEX messages_of_call;
DROP INDEX messages_by_time;

CREATE TABLE conversations (
    conversation TEXT   NOT NULL PRIMARY KEY,
    last_seq     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL
);

INSERT INTO conversations (conversation, last_seq, last_at)
SELECT 'c:' || c.low || ':' || c.high, c.last_seq,
       COALESCE((SELECT MAX(m.sent_at) FROM messages_1 m
                 WHERE m.low = c.low AND m.high = c.high), 0)
FROM conversations_1 c;

CREATE TABLE messages (
    conversation TEXT   NOT NULL REFERENCES conversations (conversation),
    seq          BIGINT NOT NULL,
    sender       TEXT   NOT NULL,
    sent_at      BIGINT NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('text', 'custom')),
    body         TEXT   NOT NULL,
    -- The sender's own name for the message; a second one of the same name is the same message.
    client_id    TEXT,
    call_id      TEXT,
    recalled_at  BIGINT,
    PRIMARY KEY (conversation, seq)
);

INSERT INTO messages (conversation, seq, sender, sent_at, kind, body, call_id)
SELECT 'c:' || low || ':' || high, seq, sender, sent_at, 'custom', custom, call_id FROM messages_1;

DROP TABLE messages_1;

CREATE UNIQUE INDEX messages_by_client_id ON messages (sender, client_id);
CREATE UNIQUE INDEX messages_of_call ON messages (call_id, conversation);
CREATE INDEX messages_by_time ON messages (sent_at);

-- Whose conversation it is, from where on, and how far it is read.
CREATE TABLE conversation_users (
    user_id      TEXT   NOT NULL,
    conversation TEXT   NOT NULL REFERENCES conversations (conversation),
    since_seq    BIGINT NOT NULL,
    read_seq     BIGINT NOT NULL CHECK (read_seq >= since_seq),
    PRIMARY KEY (user_id, conversation)
);

CREATE INDEX conversation_users_by_conversation ON conversation_users (conversation);

-- What there was before marks were kept counts as read.
INSERT INTO conversation_users (user_id, conversation, since_seq, read_seq)
SELECT low, 'c:' || low || ':' || high, 0, last_seq FROM conversations_1;
INSERT INTO conversation_users (user_id, conversation, since_seq, read_seq)
SELECT high, 'c:' || low || ':' || high, 0, last_seq FROM conversations_1 WHERE high <> low;

DROP TABLE conversations_1;

-- Tokens of operators beside the one in the file; only a digest of each is kept.
CREATE TABLE admin_tokens (
    name       TEXT   NOT NULL PRIMARY KEY,
    hash       TEXT   NOT NULL UNIQUE,
    scope      TEXT   NOT NULL CHECK (scope IN ('read', 'write')),
    created_at BIGINT NOT NULL
);

-- Who changed what when over REST. The status is NULL until the request is answered.
CREATE TABLE audit (
    seq    BIGINT NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    who    TEXT   NOT NULL,
    source TEXT   NOT NULL,
    action TEXT   NOT NULL,
    target TEXT   NOT NULL,
    status BIGINT
);

CREATE INDEX audit_by_time ON audit (at);

-- Events that wait to be told to a webhook, and those given up. A lane is told in the order of seq.
CREATE TABLE webhook_events (
    event_id   TEXT   NOT NULL PRIMARY KEY,
    seq        BIGINT NOT NULL,
    hook       TEXT   NOT NULL CHECK (hook IN ('events', 'push')),
    command    TEXT   NOT NULL,
    lane       TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    last_error TEXT,
    dead_at    BIGINT
);

CREATE INDEX webhook_events_due ON webhook_events (hook, due_at, seq) WHERE dead_at IS NULL;
CREATE INDEX webhook_events_lane ON webhook_events (lane, seq) WHERE dead_at IS NULL;
CREATE INDEX webhook_events_dead ON webhook_events (seq) WHERE dead_at IS NOT NULL;

-- Numbers that are never given twice.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

-- For filters of records by outcome.
CREATE INDEX records_by_outcome ON records (outcome, started_at, call_id);
