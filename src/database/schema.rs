//! The tables as diesel sees them, column for column as the migrations make them.

diesel::table! {
    organisations (id) {
        id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        deleted_at -> Nullable<Timestamptz>,
        deleted_by -> Nullable<Uuid>,
        deleted_reason -> Nullable<Text>,
        name -> Text,
        kind -> Text,
        credit_code -> Nullable<Text>,
        region -> Nullable<Text>,
        industry -> Nullable<Text>,
        scale -> Nullable<Text>,
        labels -> Array<Text>,
        main_products -> Array<Text>,
        profile -> Nullable<Text>,
        contact -> Nullable<Jsonb>,
    }
}

diesel::table! {
    experts (id) {
        id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        deleted_at -> Nullable<Timestamptz>,
        deleted_by -> Nullable<Uuid>,
        deleted_reason -> Nullable<Text>,
        name -> Text,
        title -> Nullable<Text>,
        organisation_id -> Uuid,
        categories -> Array<Text>,
        biography -> Nullable<Text>,
        expertise -> Array<Text>,
        disciplines -> Array<Text>,
        industries -> Array<Text>,
        regions -> Array<Text>,
        services -> Array<Text>,
        availability -> Nullable<Text>,
        languages -> Array<Text>,
        result_ids -> Array<Uuid>,
        contact -> Nullable<Jsonb>,
        status -> Text,
    }
}

diesel::table! {
    results (id) {
        id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        deleted_at -> Nullable<Timestamptz>,
        deleted_by -> Nullable<Uuid>,
        deleted_reason -> Nullable<Text>,
        title -> Text,
        summary -> Text,
        keywords -> Array<Text>,
        form -> Nullable<Text>,
        maturity -> Nullable<SmallInt>,
        industries -> Array<Text>,
        disciplines -> Array<Text>,
        holder_id -> Uuid,
        contributor_ids -> Array<Uuid>,
        intellectual_property -> Jsonb,
        cooperation -> Array<Text>,
        asking_price -> Nullable<Jsonb>,
        region -> Nullable<Text>,
        source -> Nullable<Jsonb>,
        awards -> Array<Text>,
        attachments -> Jsonb,
        status -> Text,
    }
}

diesel::table! {
    demands (id) {
        id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        deleted_at -> Nullable<Timestamptz>,
        deleted_by -> Nullable<Uuid>,
        deleted_reason -> Nullable<Text>,
        title -> Text,
        description -> Text,
        keywords -> Array<Text>,
        enterprise_id -> Uuid,
        industries -> Array<Text>,
        cooperation -> Array<Text>,
        maturity_from -> Nullable<SmallInt>,
        budget -> Nullable<Jsonb>,
        deadline -> Nullable<Date>,
        region -> Nullable<Text>,
        wanted -> Array<Text>,
        confidentiality -> Text,
        status -> Text,
    }
}

diesel::table! {
    policies (id) {
        id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        deleted_at -> Nullable<Timestamptz>,
        deleted_by -> Nullable<Uuid>,
        deleted_reason -> Nullable<Text>,
        title -> Text,
        level -> Text,
        document_number -> Nullable<Text>,
        issuer -> Nullable<Text>,
        source -> Nullable<Text>,
        published_on -> Nullable<Date>,
        effective_on -> Nullable<Date>,
        expires_on -> Nullable<Date>,
        body -> Text,
        topics -> Array<Text>,
        status -> Text,
        author -> Nullable<Text>,
    }
}

diesel::table! {
    industries (code) {
        code -> Text,
        name -> Text,
        parent -> Nullable<Text>,
    }
}

diesel::table! {
    regions (code) {
        code -> Text,
        name -> Text,
        parent -> Nullable<Text>,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        login -> Text,
        password_hash -> Nullable<Text>,
        role -> Text,
        organisation_id -> Nullable<Uuid>,
        expert_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        disabled_at -> Nullable<Timestamptz>,
        version -> BigInt,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Uuid,
        sealed -> Bytea,
        public -> Bytea,
        created_at -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        ended_by -> Nullable<Text>,
        strong -> Bool,
        network -> Nullable<Text>,
    }
}

diesel::table! {
    refresh_tokens (hash) {
        hash -> Bytea,
        session_id -> Uuid,
        created_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    one_time_links (id) {
        id -> Uuid,
        hash -> Bytea,
        purpose -> Text,
        role -> Text,
        organisation_id -> Nullable<Uuid>,
        expert_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> Uuid,
        sealed -> Bytea,
        created_at -> Timestamptz,
        confirmed_at -> Nullable<Timestamptz>,
        last_step -> BigInt,
    }
}

diesel::table! {
    recovery_codes (user_id, hash) {
        user_id -> Uuid,
        hash -> Bytea,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sign_in_failures (guarded) {
        guarded -> Bytea,
        failures -> Integer,
        last_at -> Timestamptz,
        blocked_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    partners (id) {
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        scopes -> Array<Text>,
        networks -> Array<Text>,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    partner_secrets (id) {
        id -> Uuid,
        partner_id -> Uuid,
        slot -> SmallInt,
        hash -> Bytea,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(second_factors -> users (user_id));
diesel::joinable!(partners -> users (id));
diesel::joinable!(partner_secrets -> partners (partner_id));
diesel::allow_tables_to_appear_in_same_query!(
    sessions,
    refresh_tokens,
    users,
    second_factors,
    partners,
    partner_secrets
);

diesel::table! {
    idempotency_keys (user_id, key) {
        user_id -> Uuid,
        key -> Text,
        request -> Bytea,
        record_id -> Uuid,
        answer -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    audit_events (seq) {
        seq -> BigInt,
        at -> Timestamptz,
        action -> Text,
        actor -> Nullable<Uuid>,
        role -> Text,
        session -> Nullable<Uuid>,
        address -> Nullable<Text>,
        target_kind -> Nullable<Text>,
        target_id -> Nullable<Text>,
        request_id -> Nullable<Text>,
        details -> Text,
        hash -> Bytea,
    }
}

diesel::table! {
    matching_runs (id) {
        id -> Uuid,
        source -> Text,
        kinds -> Array<Text>,
        limit -> SmallInt,
        state -> Text,
        total -> BigInt,
        done -> BigInt,
        last_id -> Uuid,
        created_by -> Uuid,
        created_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    matching_run_matches (run_id, query_id, kind) {
        run_id -> Uuid,
        query_id -> Uuid,
        kind -> Text,
        title -> Text,
        matches -> Jsonb,
    }
}

diesel::table! {
    record_versions (record_id, version) {
        kind -> Text,
        record_id -> Uuid,
        version -> BigInt,
        record -> Jsonb,
    }
}

diesel::table! {
    alerts (id) {
        id -> Uuid,
        demand_id -> Uuid,
        result_id -> Nullable<Uuid>,
        expert_id -> Nullable<Uuid>,
        record_id -> Uuid,
        score -> Float,
        open -> Bool,
    }
}

diesel::table! {
    notifications (id) {
        id -> Uuid,
        user_id -> Uuid,
        alert_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        read_at -> Nullable<Timestamptz>,
        docking_id -> Nullable<Uuid>,
        docking_version -> Nullable<BigInt>,
        news -> Nullable<Text>,
        team_id -> Nullable<Uuid>,
        team_news -> Nullable<Text>,
        policy_id -> Nullable<Uuid>,
        webhook_id -> Nullable<Uuid>,
        patent_reminder_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    dockings (id) {
        id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        demand_id -> Nullable<Uuid>,
        enterprise_id -> Uuid,
        result_id -> Nullable<Uuid>,
        expert_id -> Nullable<Uuid>,
        counterpart_id -> Uuid,
        provider_id -> Uuid,
        demand_title -> Nullable<Text>,
        enterprise_name -> Text,
        counterpart_title -> Text,
        provider_name -> Text,
        asked_by -> Text,
        note -> Nullable<Text>,
        score -> Nullable<Double>,
        level -> Nullable<Text>,
        model -> Nullable<Text>,
        stage -> Text,
        since -> Timestamptz,
        reason -> Nullable<Text>,
        reason_note -> Nullable<Text>,
        contract -> Nullable<Jsonb>,
        outcome_6 -> Nullable<Jsonb>,
        outcome_12 -> Nullable<Jsonb>,
    }
}

diesel::table! {
    docking_moves (docking_id, version) {
        docking_id -> Uuid,
        version -> BigInt,
        at -> Timestamptz,
        made_by -> Nullable<Uuid>,
        party -> Text,
        from_stage -> Text,
        to_stage -> Text,
        reason -> Nullable<Text>,
        reason_note -> Nullable<Text>,
        contract -> Nullable<Jsonb>,
        undoes -> Nullable<BigInt>,
    }
}

diesel::table! {
    files (id) {
        id -> Uuid,
        name -> Text,
        media_type -> Text,
        size -> Integer,
        digest -> Bytea,
        content -> Nullable<Bytea>,
        created_by -> Uuid,
        created_at -> Timestamptz,
        place -> Text,
    }
}

diesel::table! {
    docking_contacts (id) {
        id -> Uuid,
        docking_id -> Uuid,
        on -> Date,
        way -> Text,
        people -> Text,
        note -> Text,
        party -> Text,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    docking_files (file_id) {
        file_id -> Uuid,
        docking_id -> Uuid,
        contact_id -> Nullable<Uuid>,
        party -> Text,
    }
}

diesel::table! {
    docking_reminders (docking_id, since) {
        docking_id -> Uuid,
        since -> Timestamptz,
        told_at -> Timestamptz,
    }
}

diesel::joinable!(docking_files -> files (file_id));
diesel::allow_tables_to_appear_in_same_query!(docking_files, files);

diesel::table! {
    meanings (kind, record_id, model) {
        kind -> Text,
        record_id -> Uuid,
        model -> Text,
        digest -> Bytea,
        vectors -> Bytea,
        sentences -> Bytea,
    }
}

diesel::joinable!(notifications -> alerts (alert_id));
diesel::joinable!(notifications -> dockings (docking_id));
diesel::joinable!(notifications -> expert_teams (team_id));
diesel::allow_tables_to_appear_in_same_query!(notifications, alerts, dockings, expert_teams);

diesel::table! {
    expert_teams (id) {
        id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Uuid,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        name -> Text,
        purpose -> Nullable<Text>,
        demand_id -> Nullable<Uuid>,
        enterprise_id -> Uuid,
        leader_id -> Nullable<Uuid>,
        state -> Text,
        active_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    expert_team_members (team_id, expert_id) {
        team_id -> Uuid,
        expert_id -> Uuid,
        version -> BigInt,
        role -> Nullable<Text>,
        state -> Text,
    }
}

diesel::table! {
    expert_team_visits (id) {
        id -> Uuid,
        team_id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Uuid,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        on -> Date,
        place -> Text,
        expert_ids -> Array<Uuid>,
        findings -> Text,
        next_steps -> Nullable<Text>,
    }
}

diesel::joinable!(expert_team_members -> experts (expert_id));
diesel::joinable!(expert_team_members -> expert_teams (team_id));
diesel::allow_tables_to_appear_in_same_query!(expert_team_members, experts, expert_teams, organisations);

diesel::table! {
    events (id) {
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        title -> Text,
        place -> Text,
        tables -> SmallInt,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    event_slots (event_id, number) {
        event_id -> Uuid,
        number -> SmallInt,
        begins_at -> Timestamptz,
        ends_at -> Timestamptz,
    }
}

diesel::table! {
    event_participants (id) {
        id -> Uuid,
        event_id -> Uuid,
        version -> BigInt,
        side -> Text,
        organisation_id -> Nullable<Uuid>,
        expert_id -> Nullable<Uuid>,
        state -> Text,
        most -> SmallInt,
        hours -> Nullable<Array<SmallInt>>,
    }
}

diesel::table! {
    event_wishes (participant_id, wished_id) {
        event_id -> Uuid,
        participant_id -> Uuid,
        side -> Text,
        wished_id -> Uuid,
        wish -> SmallInt,
    }
}

diesel::table! {
    event_rules (event_id, fixed, place) {
        event_id -> Uuid,
        place -> SmallInt,
        fixed -> Bool,
        enterprise_id -> Uuid,
        expert_id -> Uuid,
        slot -> Nullable<SmallInt>,
        table_number -> Nullable<SmallInt>,
    }
}

diesel::table! {
    event_meetings (event_id, slot, table_number) {
        event_id -> Uuid,
        slot -> SmallInt,
        table_number -> SmallInt,
        enterprise_id -> Uuid,
        expert_id -> Uuid,
    }
}

diesel::table! {
    event_schedules (event_id) {
        event_id -> Uuid,
        revision -> BigInt,
        total -> BigInt,
        bound -> BigInt,
        changes -> Jsonb,
        planned_at -> Timestamptz,
    }
}

diesel::table! {
    centre (id) {
        id -> Uuid,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        name -> Text,
        introduction -> Nullable<Text>,
        duties -> Array<Text>,
        address -> Nullable<Text>,
        opening_hours -> Nullable<Text>,
        contact -> Nullable<Jsonb>,
    }
}

diesel::table! {
    harvest_items (record_id) {
        record_id -> Uuid,
        kind -> Text,
        changed_at -> Timestamptz,
        deleted -> Bool,
        sets -> Array<Text>,
        place -> Int8,
    }
}

diesel::table! {
    visitors (subject, day, visitor) {
        subject -> Uuid,
        day -> Date,
        visitor -> Int8,
    }
}

diesel::table! {
    visits (subject) {
        subject -> Uuid,
        total -> Int8,
        day -> Date,
        of_day -> Int8,
        since -> Date,
    }
}

diesel::table! {
    patent_cases (id) {
        id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Uuid,
        updated_at -> Timestamptz,
        updated_by -> Uuid,
        kind -> Text,
        title -> Text,
        summary -> Nullable<Text>,
        result_id -> Nullable<Uuid>,
        applicant_ids -> Array<Uuid>,
        inventors -> Jsonb,
        expert_ids -> Array<Uuid>,
        agency -> Nullable<Text>,
        agent -> Nullable<Text>,
        priority_date -> Nullable<Date>,
        priority_number -> Nullable<Text>,
        pct_number -> Nullable<Text>,
        application_number -> Nullable<Text>,
        filing_date -> Nullable<Date>,
        publication_number -> Nullable<Text>,
        publication_date -> Nullable<Date>,
        grant_date -> Nullable<Date>,
        stage -> Text,
        since -> Timestamptz,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    patent_moves (case_id, version) {
        case_id -> Uuid,
        version -> BigInt,
        at -> Timestamptz,
        made_by -> Uuid,
        from_stage -> Text,
        to_stage -> Text,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    patent_letters (id) {
        id -> Uuid,
        case_id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Uuid,
        updated_at -> Timestamptz,
        updated_by -> Uuid,
        kind -> Text,
        way -> Text,
        dated_on -> Date,
        entered_on -> Nullable<Date>,
        months -> Nullable<SmallInt>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    patent_marks (case_id, deadline) {
        case_id -> Uuid,
        deadline -> Text,
        version -> BigInt,
        done_on -> Nullable<Date>,
        updated_at -> Timestamptz,
        updated_by -> Uuid,
    }
}

diesel::table! {
    patent_fees (id) {
        id -> Uuid,
        case_id -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        created_by -> Uuid,
        updated_at -> Timestamptz,
        updated_by -> Uuid,
        kind -> Text,
        amount -> BigInt,
        deadline -> Nullable<Text>,
        due_on -> Nullable<Date>,
        paid_on -> Nullable<Date>,
    }
}

diesel::table! {
    calendar_days (day) {
        day -> Date,
        version -> BigInt,
        works -> Nullable<Bool>,
        note -> Nullable<Text>,
        updated_at -> Timestamptz,
        updated_by -> Uuid,
    }
}

diesel::table! {
    patent_documents (file_id) {
        file_id -> Uuid,
        case_id -> Uuid,
        kind -> Text,
        number -> SmallInt,
    }
}

diesel::table! {
    patent_reminders (id) {
        id -> Uuid,
        case_id -> Uuid,
        deadline -> Text,
        kind -> Text,
        due_on -> Date,
        days -> SmallInt,
        told_at -> Timestamptz,
    }
}

diesel::joinable!(patent_documents -> files (file_id));
diesel::joinable!(patent_reminders -> patent_cases (case_id));
diesel::allow_tables_to_appear_in_same_query!(patent_documents, files);
diesel::allow_tables_to_appear_in_same_query!(patent_reminders, patent_cases);

diesel::table! {
    policy_readings (policy_id) {
        policy_id -> Uuid,
        version -> BigInt,
        rules -> Integer,
        number_body -> Nullable<Text>,
        number_year -> Nullable<SmallInt>,
        number_serial -> Nullable<Integer>,
        region -> Nullable<Text>,
    }
}

diesel::table! {
    policy_audiences (id) {
        id -> BigInt,
        labels -> Array<Text>,
        scales -> Array<Text>,
        industries -> Array<Text>,
        regions -> Array<Text>,
        within -> Nullable<Text>,
        asks -> SmallInt,
    }
}

diesel::table! {
    policy_clauses (id) {
        id -> Uuid,
        policy_id -> Uuid,
        place -> SmallInt,
        parent -> Nullable<SmallInt>,
        depth -> SmallInt,
        leaf -> Bool,
        kind -> Text,
        number -> Nullable<Text>,
        heading -> Nullable<Text>,
        text -> Text,
        start_at -> Integer,
        end_at -> Integer,
        departments -> Jsonb,
        doubt -> Nullable<Text>,
        digest -> Bytea,
        version -> BigInt,
        audience_id -> BigInt,
        topics -> Array<Text>,
        reasons -> Jsonb,
        offered -> Bool,
        published_on -> Date,
        expires_on -> Nullable<Date>,
    }
}

diesel::table! {
    policy_confirmations (policy_id, digest, version) {
        policy_id -> Uuid,
        digest -> Bytea,
        version -> BigInt,
        audience_id -> BigInt,
        topics -> Array<Text>,
        confirmed_by -> Uuid,
        confirmed_at -> Timestamptz,
    }
}

diesel::table! {
    policy_files (file_id) {
        file_id -> Uuid,
        policy_id -> Uuid,
    }
}

diesel::joinable!(policy_files -> files (file_id));
diesel::joinable!(policy_clauses -> policy_audiences (audience_id));
diesel::joinable!(policy_confirmations -> policy_audiences (audience_id));
diesel::allow_tables_to_appear_in_same_query!(policy_files, files);
diesel::allow_tables_to_appear_in_same_query!(policy_clauses, policy_audiences, policy_confirmations);

diesel::table! {
    webhooks (id) {
        id -> Uuid,
        version -> BigInt,
        owner_id -> Uuid,
        url -> Text,
        types -> Array<Text>,
        created_at -> Timestamptz,
        disabled_at -> Nullable<Timestamptz>,
        disabled_by -> Nullable<Text>,
        deleted_at -> Nullable<Timestamptz>,
        paused_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_secrets (id) {
        id -> Uuid,
        webhook_id -> Uuid,
        slot -> SmallInt,
        sealed -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Uuid,
        webhook_id -> Uuid,
        #[sql_name = "type"]
        type_ -> Text,
        subject -> Uuid,
        data -> Jsonb,
        state -> Text,
        due_at -> Nullable<Timestamptz>,
        attempts -> SmallInt,
        created_at -> Timestamptz,
        attempted_at -> Nullable<Timestamptz>,
        status -> Nullable<SmallInt>,
        fault -> Nullable<Text>,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    imports (id) {
        id -> Uuid,
        kind -> Text,
        format -> Text,
        name -> Nullable<Text>,
        sheet -> Nullable<Text>,
        partner -> Nullable<Text>,
        dry_run -> Bool,
        whole -> Bool,
        mapping -> Jsonb,
        bytes -> BigInt,
        sha256 -> Bytea,
        state -> Text,
        expected -> Nullable<BigInt>,
        done -> BigInt,
        created -> BigInt,
        changed -> BigInt,
        unchanged -> BigInt,
        refused -> BigInt,
        created_by -> Uuid,
        created_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    import_pieces (import_id, place) {
        import_id -> Uuid,
        place -> Integer,
        content -> Bytea,
    }
}

diesel::table! {
    import_rows (import_id, number) {
        import_id -> Uuid,
        number -> BigInt,
        outcome -> Text,
        record_id -> Nullable<Uuid>,
        faults -> Jsonb,
    }
}

diesel::allow_tables_to_appear_in_same_query!(imports, import_pieces);

diesel::table! {
    import_identifiers (partner, kind, identifier) {
        partner -> Text,
        kind -> Text,
        identifier -> Text,
        record_id -> Uuid,
    }
}

diesel::table! {
    import_mappings (partner, kind) {
        partner -> Text,
        kind -> Text,
        version -> BigInt,
        mapping -> Jsonb,
        updated_at -> Timestamptz,
        updated_by -> Uuid,
    }
}

diesel::table! {
    duplicates (id) {
        id -> Uuid,
        version -> BigInt,
        kind -> Text,
        one_id -> Uuid,
        other_id -> Uuid,
        reasons -> Jsonb,
        numbers -> Array<Text>,
        nearness -> Double,
        state -> Text,
        found_at -> Timestamptz,
        reported_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    duplicate_keys (record_id, key) {
        record_id -> Uuid,
        kind -> Text,
        key -> Text,
    }
}

diesel::table! {
    merges (id) {
        id -> Uuid,
        duplicate_id -> Uuid,
        kind -> Text,
        kept_id -> Uuid,
        other_id -> Uuid,
        kept_version -> BigInt,
        other_version -> BigInt,
        merged_version -> Nullable<BigInt>,
        made_at -> Timestamptz,
        made_by -> Uuid,
        undone_at -> Nullable<Timestamptz>,
        undone_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    merge_moves (merge_id, table_name, column_name, row_id) {
        merge_id -> Uuid,
        table_name -> Text,
        row_id -> Uuid,
        column_name -> Text,
        before -> Jsonb,
    }
}
