SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.account (
    id character varying NOT NULL,
    email character varying NOT NULL,
    role character varying NOT NULL,
    created_at character varying NOT NULL,
    disabled_at character varying
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.audit (
    id character varying NOT NULL,
    actor character varying NOT NULL,
    action character varying NOT NULL,
    object character varying NOT NULL,
    detail character varying NOT NULL,
    at character varying NOT NULL
);
CREATE TABLE public.confirmation (
    id character varying NOT NULL,
    conversation_id character varying NOT NULL,
    user_id character varying NOT NULL,
    turn_id character varying NOT NULL,
    turn_seq integer NOT NULL,
    plugin character varying NOT NULL,
    digest character varying NOT NULL,
    function character varying NOT NULL,
    arguments character varying NOT NULL,
    status character varying NOT NULL,
    answered_turn character varying,
    at character varying NOT NULL
);
CREATE TABLE public.conversation (
    id character varying NOT NULL,
    user_id character varying NOT NULL,
    persona character varying NOT NULL,
    persona_version integer,
    channel character varying NOT NULL,
    locale character varying,
    timezone character varying,
    test boolean NOT NULL,
    status character varying NOT NULL,
    turns integer NOT NULL,
    state character varying NOT NULL,
    created_at character varying NOT NULL,
    updated_at character varying NOT NULL
);
CREATE TABLE public.credential (
    digest character varying NOT NULL,
    kind character varying NOT NULL,
    subject character varying NOT NULL,
    role character varying NOT NULL,
    name character varying NOT NULL,
    trust character varying NOT NULL,
    created_at character varying NOT NULL,
    expires_at character varying,
    used_at character varying,
    ended_at character varying,
    personas character varying
);
CREATE TABLE public.customer (
    id character varying NOT NULL,
    trust character varying NOT NULL,
    name character varying,
    locale character varying,
    timezone character varying,
    channel character varying,
    page character varying,
    created_at character varying NOT NULL
);
CREATE TABLE public.feedback (
    message_id character varying NOT NULL,
    conversation_id character varying NOT NULL,
    user_id character varying NOT NULL,
    score integer NOT NULL,
    comment character varying,
    at character varying NOT NULL
);
CREATE TABLE public.kept (
    name character varying NOT NULL,
    value character varying NOT NULL
);
CREATE TABLE public.lead (
    id character varying NOT NULL,
    user_id character varying NOT NULL,
    persona character varying NOT NULL,
    test boolean NOT NULL,
    stage character varying NOT NULL,
    exit character varying,
    contact boolean NOT NULL,
    opted_out boolean NOT NULL,
    sync character varying NOT NULL,
    created_at character varying NOT NULL,
    updated_at character varying NOT NULL
);
CREATE TABLE public.lead_change (
    id character varying NOT NULL,
    lead_id character varying NOT NULL,
    name character varying NOT NULL,
    value character varying,
    by character varying NOT NULL,
    actor character varying NOT NULL,
    at character varying NOT NULL
);
CREATE TABLE public.lead_field (
    lead_id character varying NOT NULL,
    name character varying NOT NULL,
    value character varying NOT NULL,
    normalised character varying NOT NULL,
    by character varying NOT NULL,
    quote character varying NOT NULL,
    message_id character varying,
    confidence double precision NOT NULL,
    plausible boolean NOT NULL,
    at character varying NOT NULL
);
CREATE TABLE public.mcp_tool (
    plugin character varying NOT NULL,
    tool character varying NOT NULL,
    approved character varying,
    approved_by character varying,
    approved_at character varying,
    seen character varying,
    seen_at character varying NOT NULL
);
CREATE TABLE public.message (
    id character varying NOT NULL,
    conversation_id character varying NOT NULL,
    turn_id character varying NOT NULL,
    turn_seq integer NOT NULL,
    part integer NOT NULL,
    role character varying NOT NULL,
    text character varying NOT NULL,
    images character varying NOT NULL,
    at character varying NOT NULL
);
CREATE TABLE public.missed (
    id character varying NOT NULL,
    user_id character varying NOT NULL,
    persona character varying NOT NULL,
    conversation_id character varying NOT NULL,
    message_id character varying NOT NULL,
    field character varying,
    text character varying NOT NULL,
    reason character varying NOT NULL,
    test boolean NOT NULL,
    at character varying NOT NULL,
    status character varying DEFAULT 'open'::character varying NOT NULL,
    undo character varying
);
CREATE TABLE public.outbox (
    id character varying NOT NULL,
    kind character varying NOT NULL,
    user_id character varying NOT NULL,
    payload character varying NOT NULL,
    status character varying NOT NULL,
    attempts integer NOT NULL,
    due_at character varying NOT NULL,
    error character varying,
    created_at character varying NOT NULL,
    ended_at character varying
);
CREATE TABLE public.persona_aside (
    persona character varying NOT NULL,
    principal character varying NOT NULL,
    yaml character varying NOT NULL,
    updated_at character varying NOT NULL
);
CREATE TABLE public.persona_draft (
    persona character varying NOT NULL,
    revision integer NOT NULL,
    base_version integer NOT NULL,
    yaml character varying,
    author character varying NOT NULL,
    updated_at character varying NOT NULL
);
CREATE TABLE public.persona_version (
    persona character varying NOT NULL,
    version integer NOT NULL,
    digest character varying NOT NULL,
    fingerprint character varying NOT NULL,
    yaml character varying NOT NULL,
    note character varying NOT NULL,
    author character varying NOT NULL,
    created_at character varying NOT NULL
);
CREATE TABLE public.plugin_call (
    id character varying NOT NULL,
    turn_id character varying,
    conversation_id character varying,
    user_id character varying NOT NULL,
    plugin character varying NOT NULL,
    function character varying NOT NULL,
    forced boolean NOT NULL,
    effect character varying NOT NULL,
    trust character varying NOT NULL,
    status character varying NOT NULL,
    arguments character varying NOT NULL,
    error character varying,
    milliseconds double precision NOT NULL,
    bytes integer NOT NULL,
    at character varying NOT NULL
);
CREATE TABLE public.scratch (
    conversation_id character varying NOT NULL,
    plugin character varying NOT NULL,
    key character varying NOT NULL,
    data character varying NOT NULL
);
CREATE TABLE public.secret (
    name character varying NOT NULL,
    hosts character varying NOT NULL,
    ciphertext character varying NOT NULL,
    updated_at character varying NOT NULL,
    updated_by character varying NOT NULL
);
CREATE TABLE public.turn (
    id character varying NOT NULL,
    conversation_id character varying NOT NULL,
    user_id character varying NOT NULL,
    seq integer NOT NULL,
    client_message_id character varying,
    body_digest character varying NOT NULL,
    status character varying NOT NULL,
    persona_version integer NOT NULL,
    fingerprint character varying NOT NULL,
    model character varying NOT NULL,
    answer character varying,
    last_event integer NOT NULL,
    trace character varying,
    created_at character varying NOT NULL,
    ended_at character varying,
    before character varying
);
CREATE TABLE public.unanswered (
    id character varying NOT NULL,
    user_id character varying NOT NULL,
    persona character varying NOT NULL,
    conversation_id character varying NOT NULL,
    message_id character varying NOT NULL,
    text character varying NOT NULL,
    test boolean NOT NULL,
    at character varying NOT NULL
);
INSERT INTO public.account VALUES ('id-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.000Z');
INSERT INTO public.account VALUES ('id-1', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z', NULL);
INSERT INTO public.alembic_version VALUES ('0007');
INSERT INTO public.audit VALUES ('id-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.audit VALUES ('id-1', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z');
INSERT INTO public.confirmation VALUES ('id-0', 'conversation_id-0', 'user_id-0', 'turn_id-0', 1, 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.confirmation VALUES ('id-1', 'conversation_id-1', 'user_id-1', 'turn_id-1', 2, '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', NULL, '2026-11-23T09:00:01.000Z');
INSERT INTO public.conversation VALUES ('id-0', 'user_id-0', 'Ann O''Neil; -- \ "x"', 1, 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', true, 'Ann O''Neil; -- \ "x"', 1, 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.000Z');
INSERT INTO public.conversation VALUES ('id-1', 'user_id-1', '王小明 😀
second line	tab', NULL, '王小明 😀
second line	tab', NULL, NULL, false, '王小明 😀
second line	tab', 2, '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z', '2026-11-23T09:00:01.000Z');
INSERT INTO public.credential VALUES ('digest-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.000Z', 'Ann O''Neil; -- \ "x"');
INSERT INTO public.credential VALUES ('digest-1', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z', NULL, NULL, NULL, NULL);
INSERT INTO public.customer VALUES ('id-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.customer VALUES ('id-1', '王小明 😀
second line	tab', NULL, NULL, NULL, NULL, NULL, '2026-11-23T09:00:01.000Z');
INSERT INTO public.feedback VALUES ('message_id-0', 'conversation_id-0', 'user_id-0', 1, 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.feedback VALUES ('message_id-1', 'conversation_id-1', 'user_id-1', 2, NULL, '2026-11-23T09:00:01.000Z');
INSERT INTO public.kept VALUES ('name-0', 'Ann O''Neil; -- \ "x"');
INSERT INTO public.kept VALUES ('name-1', '王小明 😀
second line	tab');
INSERT INTO public.lead VALUES ('id-0', 'user_id-0', 'Ann O''Neil; -- \ "x"', true, 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', true, true, 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.000Z');
INSERT INTO public.lead VALUES ('id-1', 'user_id-1', '王小明 😀
second line	tab', false, '王小明 😀
second line	tab', NULL, false, false, '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z', '2026-11-23T09:00:01.000Z');
INSERT INTO public.lead_change VALUES ('id-0', 'lead_id-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.lead_change VALUES ('id-1', 'lead_id-1', '王小明 😀
second line	tab', NULL, '王小明 😀
second line	tab', '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z');
INSERT INTO public.lead_field VALUES ('lead_id-0', 'name-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'message_id-0', 0.25, true, '2026-11-23T09:00:00.000Z');
INSERT INTO public.lead_field VALUES ('lead_id-1', 'name-1', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', NULL, 1.25, false, '2026-11-23T09:00:01.000Z');
INSERT INTO public.mcp_tool VALUES ('plugin-0', 'tool-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.mcp_tool VALUES ('plugin-1', 'tool-1', NULL, NULL, NULL, NULL, '2026-11-23T09:00:01.000Z');
INSERT INTO public.message VALUES ('id-0', 'conversation_id-0', 'turn_id-0', 1, 1, 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.message VALUES ('id-1', 'conversation_id-1', 'turn_id-1', 2, 2, '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z');
INSERT INTO public.missed VALUES ('id-0', 'user_id-0', 'Ann O''Neil; -- \ "x"', 'conversation_id-0', 'message_id-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', true, '2026-11-23T09:00:00.000Z', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"');
INSERT INTO public.missed VALUES ('id-1', 'user_id-1', '王小明 😀
second line	tab', 'conversation_id-1', 'message_id-1', NULL, '王小明 😀
second line	tab', '王小明 😀
second line	tab', false, '2026-11-23T09:00:01.000Z', '王小明 😀
second line	tab', NULL);
INSERT INTO public.outbox VALUES ('id-0', 'Ann O''Neil; -- \ "x"', 'user_id-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 1, '2026-11-23T09:00:00.000Z', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.000Z');
INSERT INTO public.outbox VALUES ('id-1', '王小明 😀
second line	tab', 'user_id-1', '王小明 😀
second line	tab', '王小明 😀
second line	tab', 2, '2026-11-23T09:00:01.000Z', NULL, '2026-11-23T09:00:01.000Z', NULL);
INSERT INTO public.persona_aside VALUES ('persona-0', 'principal-0', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.persona_aside VALUES ('persona-1', 'principal-1', '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z');
INSERT INTO public.persona_draft VALUES ('persona-0', 1, 1, 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.persona_draft VALUES ('persona-1', 2, 2, NULL, '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z');
INSERT INTO public.persona_version VALUES ('persona-0', 1, 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z');
INSERT INTO public.persona_version VALUES ('persona-1', 2, '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z');
INSERT INTO public.plugin_call VALUES ('id-0', 'turn_id-0', 'conversation_id-0', 'user_id-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', true, 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 0.25, 1, '2026-11-23T09:00:00.000Z');
INSERT INTO public.plugin_call VALUES ('id-1', NULL, NULL, 'user_id-1', '王小明 😀
second line	tab', '王小明 😀
second line	tab', false, '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '王小明 😀
second line	tab', NULL, 1.25, 2, '2026-11-23T09:00:01.000Z');
INSERT INTO public.scratch VALUES ('conversation_id-0', 'plugin-0', 'key-0', 'Ann O''Neil; -- \ "x"');
INSERT INTO public.scratch VALUES ('conversation_id-1', 'plugin-1', 'key-1', '王小明 😀
second line	tab');
INSERT INTO public.secret VALUES ('name-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z', 'Ann O''Neil; -- \ "x"');
INSERT INTO public.secret VALUES ('name-1', '王小明 😀
second line	tab', '王小明 😀
second line	tab', '2026-11-23T09:00:01.000Z', '王小明 😀
second line	tab');
INSERT INTO public.turn VALUES ('id-0', 'conversation_id-0', 'user_id-0', 1, 'client_message_id-0', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 1, 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 'Ann O''Neil; -- \ "x"', 1, 'Ann O''Neil; -- \ "x"', '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.000Z', 'Ann O''Neil; -- \ "x"');
INSERT INTO public.turn VALUES ('id-1', 'conversation_id-1', 'user_id-1', 2, NULL, '王小明 😀
second line	tab', '王小明 😀
second line	tab', 2, '王小明 😀
second line	tab', '王小明 😀
second line	tab', NULL, 2, NULL, '2026-11-23T09:00:01.000Z', NULL, NULL);
INSERT INTO public.unanswered VALUES ('id-0', 'user_id-0', 'Ann O''Neil; -- \ "x"', 'conversation_id-0', 'message_id-0', 'Ann O''Neil; -- \ "x"', true, '2026-11-23T09:00:00.000Z');
INSERT INTO public.unanswered VALUES ('id-1', 'user_id-1', '王小明 😀
second line	tab', 'conversation_id-1', 'message_id-1', '王小明 😀
second line	tab', false, '2026-11-23T09:00:01.000Z');
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_email_key UNIQUE (email);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.confirmation
    ADD CONSTRAINT confirmation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.credential
    ADD CONSTRAINT credential_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT feedback_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY public.kept
    ADD CONSTRAINT kept_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.lead_change
    ADD CONSTRAINT lead_change_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lead_field
    ADD CONSTRAINT lead_field_pkey PRIMARY KEY (lead_id, name);
ALTER TABLE ONLY public.lead
    ADD CONSTRAINT lead_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lead
    ADD CONSTRAINT lead_user_id_persona_test_key UNIQUE (user_id, persona, test);
ALTER TABLE ONLY public.mcp_tool
    ADD CONSTRAINT mcp_tool_pkey PRIMARY KEY (plugin, tool);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.missed
    ADD CONSTRAINT missed_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.persona_aside
    ADD CONSTRAINT persona_aside_pkey PRIMARY KEY (persona, principal);
ALTER TABLE ONLY public.persona_draft
    ADD CONSTRAINT persona_draft_pkey PRIMARY KEY (persona);
ALTER TABLE ONLY public.persona_version
    ADD CONSTRAINT persona_version_pkey PRIMARY KEY (persona, version);
ALTER TABLE ONLY public.plugin_call
    ADD CONSTRAINT plugin_call_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.scratch
    ADD CONSTRAINT scratch_pkey PRIMARY KEY (conversation_id, plugin, key);
ALTER TABLE ONLY public.secret
    ADD CONSTRAINT secret_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.turn
    ADD CONSTRAINT turn_conversation_id_seq_key UNIQUE (conversation_id, seq);
ALTER TABLE ONLY public.turn
    ADD CONSTRAINT turn_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.turn
    ADD CONSTRAINT turn_user_id_client_message_id_key UNIQUE (user_id, client_message_id);
ALTER TABLE ONLY public.unanswered
    ADD CONSTRAINT unanswered_pkey PRIMARY KEY (id);
CREATE INDEX audit_by_time ON public.audit USING btree (at);
CREATE INDEX conversation_by_time ON public.conversation USING btree (updated_at, id);
CREATE INDEX conversation_by_user ON public.conversation USING btree (user_id, persona, updated_at);
CREATE INDEX ix_confirmation_conversation_id ON public.confirmation USING btree (conversation_id);
CREATE INDEX ix_confirmation_user_id ON public.confirmation USING btree (user_id);
CREATE INDEX ix_credential_subject ON public.credential USING btree (subject);
CREATE INDEX ix_feedback_user_id ON public.feedback USING btree (user_id);
CREATE INDEX ix_missed_user_id ON public.missed USING btree (user_id);
CREATE INDEX ix_outbox_user_id ON public.outbox USING btree (user_id);
CREATE INDEX ix_plugin_call_conversation_id ON public.plugin_call USING btree (conversation_id);
CREATE INDEX ix_plugin_call_user_id ON public.plugin_call USING btree (user_id);
CREATE INDEX ix_unanswered_user_id ON public.unanswered USING btree (user_id);
CREATE INDEX lead_by_time ON public.lead USING btree (test, created_at, id);
CREATE INDEX lead_change_by_lead ON public.lead_change USING btree (lead_id, at);
CREATE INDEX message_in_order ON public.message USING btree (conversation_id, turn_seq, part);
CREATE INDEX missed_by_time ON public.missed USING btree (test, at, id);
CREATE INDEX outbox_due ON public.outbox USING btree (status, due_at);
CREATE INDEX plugin_call_by_plugin ON public.plugin_call USING btree (plugin, at);
CREATE INDEX unanswered_by_time ON public.unanswered USING btree (test, at, id);
