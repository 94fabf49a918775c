BEGIN TRANSACTION;
CREATE TABLE account (
	id VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	disabled_at VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (email)
);
INSERT INTO "account" VALUES('id-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z','2026-11-23T09:00:00.000Z');
INSERT INTO "account" VALUES('id-1','王小明 😀
second line	tab','王小明 😀
second line	tab','2026-11-23T09:00:01.000Z',NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0007');
CREATE TABLE audit (
	id VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	object VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES('id-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "audit" VALUES('id-1','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','2026-11-23T09:00:01.000Z');
CREATE TABLE confirmation (
	id VARCHAR NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	turn_id VARCHAR NOT NULL, 
	turn_seq INTEGER NOT NULL, 
	plugin VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	function VARCHAR NOT NULL, 
	arguments VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	answered_turn VARCHAR, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "confirmation" VALUES('id-0','conversation_id-0','user_id-0','turn_id-0',1,'Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "confirmation" VALUES('id-1','conversation_id-1','user_id-1','turn_id-1',2,'王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab',NULL,'2026-11-23T09:00:01.000Z');
CREATE TABLE conversation (
	id VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	persona VARCHAR NOT NULL, 
	persona_version INTEGER, 
	channel VARCHAR NOT NULL, 
	locale VARCHAR, 
	timezone VARCHAR, 
	test BOOLEAN NOT NULL, 
	status VARCHAR NOT NULL, 
	turns INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "conversation" VALUES('id-0','user_id-0','Ann O''Neil; -- \ "x"',1,'Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"',1,'Ann O''Neil; -- \ "x"',1,'Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z','2026-11-23T09:00:00.000Z');
INSERT INTO "conversation" VALUES('id-1','user_id-1','王小明 😀
second line	tab',NULL,'王小明 😀
second line	tab',NULL,NULL,0,'王小明 😀
second line	tab',2,'王小明 😀
second line	tab','2026-11-23T09:00:01.000Z','2026-11-23T09:00:01.000Z');
CREATE TABLE credential (
	digest VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	trust VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	expires_at VARCHAR, 
	used_at VARCHAR, 
	ended_at VARCHAR, personas VARCHAR, 
	PRIMARY KEY (digest)
);
INSERT INTO "credential" VALUES('digest-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z','2026-11-23T09:00:00.000Z','2026-11-23T09:00:00.000Z','2026-11-23T09:00:00.000Z','Ann O''Neil; -- \ "x"');
INSERT INTO "credential" VALUES('digest-1','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','2026-11-23T09:00:01.000Z',NULL,NULL,NULL,NULL);
CREATE TABLE customer (
	id VARCHAR NOT NULL, 
	trust VARCHAR NOT NULL, 
	name VARCHAR, 
	locale VARCHAR, 
	timezone VARCHAR, 
	channel VARCHAR, 
	page VARCHAR, 
	created_at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "customer" VALUES('id-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "customer" VALUES('id-1','王小明 😀
second line	tab',NULL,NULL,NULL,NULL,NULL,'2026-11-23T09:00:01.000Z');
CREATE TABLE feedback (
	message_id VARCHAR NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	score INTEGER NOT NULL, 
	comment VARCHAR, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (message_id)
);
INSERT INTO "feedback" VALUES('message_id-0','conversation_id-0','user_id-0',1,'Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "feedback" VALUES('message_id-1','conversation_id-1','user_id-1',2,NULL,'2026-11-23T09:00:01.000Z');
CREATE TABLE kept (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "kept" VALUES('name-0','Ann O''Neil; -- \ "x"');
INSERT INTO "kept" VALUES('name-1','王小明 😀
second line	tab');
CREATE TABLE lead (
	id VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	persona VARCHAR NOT NULL, 
	test BOOLEAN NOT NULL, 
	stage VARCHAR NOT NULL, 
	exit VARCHAR, 
	contact BOOLEAN NOT NULL, 
	opted_out BOOLEAN NOT NULL, 
	sync VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (user_id, persona, test)
);
INSERT INTO "lead" VALUES('id-0','user_id-0','Ann O''Neil; -- \ "x"',1,'Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"',1,1,'Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z','2026-11-23T09:00:00.000Z');
INSERT INTO "lead" VALUES('id-1','user_id-1','王小明 😀
second line	tab',0,'王小明 😀
second line	tab',NULL,0,0,'王小明 😀
second line	tab','2026-11-23T09:00:01.000Z','2026-11-23T09:00:01.000Z');
CREATE TABLE lead_change (
	id VARCHAR NOT NULL, 
	lead_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	value VARCHAR, 
	"by" VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "lead_change" VALUES('id-0','lead_id-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "lead_change" VALUES('id-1','lead_id-1','王小明 😀
second line	tab',NULL,'王小明 😀
second line	tab','王小明 😀
second line	tab','2026-11-23T09:00:01.000Z');
CREATE TABLE lead_field (
	lead_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	normalised VARCHAR NOT NULL, 
	"by" VARCHAR NOT NULL, 
	quote VARCHAR NOT NULL, 
	message_id VARCHAR, 
	confidence FLOAT NOT NULL, 
	plausible BOOLEAN NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (lead_id, name)
);
INSERT INTO "lead_field" VALUES('lead_id-0','name-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','message_id-0',0.25,1,'2026-11-23T09:00:00.000Z');
INSERT INTO "lead_field" VALUES('lead_id-1','name-1','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab',NULL,1.25,0,'2026-11-23T09:00:01.000Z');
CREATE TABLE mcp_tool (
	plugin VARCHAR NOT NULL, 
	tool VARCHAR NOT NULL, 
	approved VARCHAR, 
	approved_by VARCHAR, 
	approved_at VARCHAR, 
	seen VARCHAR, 
	seen_at VARCHAR NOT NULL, 
	PRIMARY KEY (plugin, tool)
);
INSERT INTO "mcp_tool" VALUES('plugin-0','tool-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "mcp_tool" VALUES('plugin-1','tool-1',NULL,NULL,NULL,NULL,'2026-11-23T09:00:01.000Z');
CREATE TABLE message (
	id VARCHAR NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	turn_id VARCHAR NOT NULL, 
	turn_seq INTEGER NOT NULL, 
	part INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	images VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "message" VALUES('id-0','conversation_id-0','turn_id-0',1,1,'Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "message" VALUES('id-1','conversation_id-1','turn_id-1',2,2,'王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','2026-11-23T09:00:01.000Z');
CREATE TABLE missed (
	id VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	persona VARCHAR NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	message_id VARCHAR NOT NULL, 
	field VARCHAR, 
	text VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	test BOOLEAN NOT NULL, 
	at VARCHAR NOT NULL, status VARCHAR DEFAULT 'open' NOT NULL, undo VARCHAR, 
	PRIMARY KEY (id)
);
INSERT INTO "missed" VALUES('id-0','user_id-0','Ann O''Neil; -- \ "x"','conversation_id-0','message_id-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"',1,'2026-11-23T09:00:00.000Z','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"');
INSERT INTO "missed" VALUES('id-1','user_id-1','王小明 😀
second line	tab','conversation_id-1','message_id-1',NULL,'王小明 😀
second line	tab','王小明 😀
second line	tab',0,'2026-11-23T09:00:01.000Z','王小明 😀
second line	tab',NULL);
CREATE TABLE outbox (
	id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	payload VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	due_at VARCHAR NOT NULL, 
	error VARCHAR, 
	created_at VARCHAR NOT NULL, 
	ended_at VARCHAR, 
	PRIMARY KEY (id)
);
INSERT INTO "outbox" VALUES('id-0','Ann O''Neil; -- \ "x"','user_id-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"',1,'2026-11-23T09:00:00.000Z','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z','2026-11-23T09:00:00.000Z');
INSERT INTO "outbox" VALUES('id-1','王小明 😀
second line	tab','user_id-1','王小明 😀
second line	tab','王小明 😀
second line	tab',2,'2026-11-23T09:00:01.000Z',NULL,'2026-11-23T09:00:01.000Z',NULL);
CREATE TABLE persona_aside (
	persona VARCHAR NOT NULL, 
	principal VARCHAR NOT NULL, 
	yaml VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	PRIMARY KEY (persona, principal)
);
INSERT INTO "persona_aside" VALUES('persona-0','principal-0','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "persona_aside" VALUES('persona-1','principal-1','王小明 😀
second line	tab','2026-11-23T09:00:01.000Z');
CREATE TABLE persona_draft (
	persona VARCHAR NOT NULL, 
	revision INTEGER NOT NULL, 
	base_version INTEGER NOT NULL, 
	yaml VARCHAR, 
	author VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	PRIMARY KEY (persona)
);
INSERT INTO "persona_draft" VALUES('persona-0',1,1,'Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "persona_draft" VALUES('persona-1',2,2,NULL,'王小明 😀
second line	tab','2026-11-23T09:00:01.000Z');
CREATE TABLE persona_version (
	persona VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	digest VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	yaml VARCHAR NOT NULL, 
	note VARCHAR NOT NULL, 
	author VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	PRIMARY KEY (persona, version)
);
INSERT INTO "persona_version" VALUES('persona-0',1,'Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z');
INSERT INTO "persona_version" VALUES('persona-1',2,'王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','2026-11-23T09:00:01.000Z');
CREATE TABLE plugin_call (
	id VARCHAR NOT NULL, 
	turn_id VARCHAR, 
	conversation_id VARCHAR, 
	user_id VARCHAR NOT NULL, 
	plugin VARCHAR NOT NULL, 
	function VARCHAR NOT NULL, 
	forced BOOLEAN NOT NULL, 
	effect VARCHAR NOT NULL, 
	trust VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	arguments VARCHAR NOT NULL, 
	error VARCHAR, 
	milliseconds FLOAT NOT NULL, 
	bytes INTEGER NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "plugin_call" VALUES('id-0','turn_id-0','conversation_id-0','user_id-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"',1,'Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"',0.25,1,'2026-11-23T09:00:00.000Z');
INSERT INTO "plugin_call" VALUES('id-1',NULL,NULL,'user_id-1','王小明 😀
second line	tab','王小明 😀
second line	tab',0,'王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab','王小明 😀
second line	tab',NULL,1.25,2,'2026-11-23T09:00:01.000Z');
CREATE TABLE scratch (
	conversation_id VARCHAR NOT NULL, 
	plugin VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	data VARCHAR NOT NULL, 
	PRIMARY KEY (conversation_id, plugin, "key")
);
INSERT INTO "scratch" VALUES('conversation_id-0','plugin-0','key-0','Ann O''Neil; -- \ "x"');
INSERT INTO "scratch" VALUES('conversation_id-1','plugin-1','key-1','王小明 😀
second line	tab');
CREATE TABLE secret (
	name VARCHAR NOT NULL, 
	hosts VARCHAR NOT NULL, 
	ciphertext VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	updated_by VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "secret" VALUES('name-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z','Ann O''Neil; -- \ "x"');
INSERT INTO "secret" VALUES('name-1','王小明 😀
second line	tab','王小明 😀
second line	tab','2026-11-23T09:00:01.000Z','王小明 😀
second line	tab');
CREATE TABLE turn (
	id VARCHAR NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	seq INTEGER NOT NULL, 
	client_message_id VARCHAR, 
	body_digest VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	persona_version INTEGER NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	answer VARCHAR, 
	last_event INTEGER NOT NULL, 
	trace VARCHAR, 
	created_at VARCHAR NOT NULL, 
	ended_at VARCHAR, "before" VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (conversation_id, seq), 
	UNIQUE (user_id, client_message_id)
);
INSERT INTO "turn" VALUES('id-0','conversation_id-0','user_id-0',1,'client_message_id-0','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"',1,'Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"','Ann O''Neil; -- \ "x"',1,'Ann O''Neil; -- \ "x"','2026-11-23T09:00:00.000Z','2026-11-23T09:00:00.000Z','Ann O''Neil; -- \ "x"');
INSERT INTO "turn" VALUES('id-1','conversation_id-1','user_id-1',2,NULL,'王小明 😀
second line	tab','王小明 😀
second line	tab',2,'王小明 😀
second line	tab','王小明 😀
second line	tab',NULL,2,NULL,'2026-11-23T09:00:01.000Z',NULL,NULL);
CREATE TABLE unanswered (
	id VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	persona VARCHAR NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	message_id VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	test BOOLEAN NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "unanswered" VALUES('id-0','user_id-0','Ann O''Neil; -- \ "x"','conversation_id-0','message_id-0','Ann O''Neil; -- \ "x"',1,'2026-11-23T09:00:00.000Z');
INSERT INTO "unanswered" VALUES('id-1','user_id-1','王小明 😀
second line	tab','conversation_id-1','message_id-1','王小明 😀
second line	tab',0,'2026-11-23T09:00:01.000Z');
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX conversation_by_time ON conversation (updated_at, id);
CREATE INDEX conversation_by_user ON conversation (user_id, persona, updated_at);
CREATE INDEX ix_credential_subject ON credential (subject);
CREATE INDEX ix_feedback_user_id ON feedback (user_id);
CREATE INDEX lead_by_time ON lead (test, created_at, id);
CREATE INDEX lead_change_by_lead ON lead_change (lead_id, at);
CREATE INDEX message_in_order ON message (conversation_id, turn_seq, part);
CREATE INDEX ix_missed_user_id ON missed (user_id);
CREATE INDEX missed_by_time ON missed (test, at, id);
CREATE INDEX ix_outbox_user_id ON outbox (user_id);
CREATE INDEX outbox_due ON outbox (status, due_at);
CREATE INDEX ix_plugin_call_conversation_id ON plugin_call (conversation_id);
CREATE INDEX ix_plugin_call_user_id ON plugin_call (user_id);
CREATE INDEX plugin_call_by_plugin ON plugin_call (plugin, at);
CREATE INDEX ix_unanswered_user_id ON unanswered (user_id);
CREATE INDEX unanswered_by_time ON unanswered (test, at, id);
CREATE INDEX ix_confirmation_conversation_id ON confirmation (conversation_id);
CREATE INDEX ix_confirmation_user_id ON confirmation (user_id);
COMMIT;
