/**
 * The functions of the schema and the triggers of the audited tables, as the migrations make them: each with its definition, or
 * the SHA-256 of it. Made by `npm run generate`; a spec compares it with a migrated database.
 */
export const ownObjects: Record<string, string> = {
  'function  account_changed()':
    '959d41fa906a543139b9d7735bc6625749b05160e1a8684cdfdef7dd28e31312',
  'function  applied_migrations()':
    'afbf13980cbbbec2a4b070f13d6ddf8179b8a47c984daba4521e31920239d6ac',
  'function  audit_append(entries json)':
    'ba3efa03f9df25a894b495b396414333decad288af2bc6d9b7796fe45c8c7d25',
  'function  audit_capture()':
    '923c52932550d7bf8ebd05afbed206628fe8223a7bdc664df350ffc5d982a2c6',
  'function  audit_clear_disowned()':
    '81abfcbacb6651b41d49bcad94ecbcb164e77b07b7f3b9cfedd14ecf494b99c2',
  'function  audit_cosign(of_seq bigint, by_witness text, signed_line text)':
    '548ba5b94bbd2178cd883132c5ed1ed5f1c09eb91c124da66c55ab49e27c8cf1',
  'function  audit_disown(rows bigint[])':
    '92a3266ffc4ed9c2ec5e02bebaaf4f85173ec238e553fedd7e95286fed3f2d2e',
  'function  audit_drop_released(stored integer[])':
    '32a43a6e50fe09907a13bc280c09bf89a87707272dcc8c2ee5e41063c676a983',
  'function  audit_entries_about(tables text[], ids bigint[], sinces timestamp with time zone[], untils timestamp with time zone[], first_at timestamp with time zone, end_at timestamp with time zone, before_at timestamp with time zone, before_id bigint, most integer)':
    '92b3b447ac7865828caefeac449cedee7d6947a4eea7b9a2190619b04d9fdc05',
  'function  audit_leaf_index(entry_txid xid8, entry_id bigint)':
    '6d6c472848ca6012a538f69eff3fd416c060740e2725c1d7e44cb09f8d200293',
  'function  audit_make_append(cached_tables text[])':
    'ea71abd4ffd65b812688dd606897a86c3bd6d2c4d3ba6adcdd80fda19d37adc5',
  'function  audit_make_month(made timestamp without time zone)':
    'c27f878b4dbd36f570d6ff9fa562e12d02abd7e231da8109f9e03979922952c7',
  'function  audit_make_partitions(months_ahead integer)':
    'b3468263e628d075f9da72a2efc5ef965aaf0c3c43e3cb6255c8d244e6e29268',
  'function  audit_mask(shown jsonb, secrets text[])':
    '92263c2e951427de7553bccb02ac989dc494a0ceb9b41bcaca7cbe51dba0f93b',
  'function  audit_refuse()':
    '69cf9343f1b3b3b67c1082315cd9951ebb0f01d1b36050d01db77ca7fdabdb43',
  'function  audit_refuse_claim(action text)':
    '4bdf98e9136cfe2515d3e51c7190449430fe6b6756742abee975e702d51a0d81',
  'function  audit_refuse_old_sealer()':
    '90ae9e3462f7c103fd018eec019550b425019387408d2a94438aa2e3245c97e6',
  'function  audit_release_month(released date, stored integer[])':
    '94e4870e643f860a3a75a27decba0d2370b25ff95725fccd5351073ce59e98ce',
  'function  audit_seal(after_seq bigint, root bytea, frontier bytea, checkpoint text, below xid8, entry_ids bigint[], leaf_hashes bytea, node_levels smallint[], node_indexes bigint[], node_hashes bytea[])':
    '95fcf8802e8a8f807c470ec90fd05c60d1cb4aa74b35187ddf6c939b26a4c7ee',
  'function  audit_shown_keys(table_name text, record_ids bigint[])':
    '9d83566033a9eb0b87cf5569315c0b41b64538b4a35c9db0b3f746fcc9532a4e',
  'function  audit_touch()':
    '8aa0a3f91ea3022d89428fce91bc20e8ada2e75b8ecf5576eb70a2b6f2f9d8ce',
  'function  audit_watch(watched regclass, secrets text[])':
    '6d0275b12bd179d27ec15a8e8f6f93fbb164a443884ad808e61815b2afe9941a',
  'function  changed_at_us(updated_at timestamp with time zone)':
    'f429e9ba409bfcf79e848774ebbf94eb63a9f729a979467c3e4fc63a6540acfb',
  'function  fold_text(t text)':
    '875302506a90902550cbf1a4c01dc6170fc43bbdc81e235bdcf41d97cd13ea89',
  'function  grant_application(application name)':
    '562533be8c688a77b5946f0f04cb73888c546053d3b90e54291a54c1e9d10887',
  'function  grant_archiver(archiver name)':
    'f919772567d1e7cc20306f2f8e2cd0c5e7737f545beae5079a609dc64c8d38c5',
  'function  grant_disowning(archiver name)':
    '2a81963a6fa02574fb2d1a203ded7258c09f526b70db50af975fefea756e31fd',
  'function  legal_hold_stays()':
    '2fa70e4ef7c62fe3b9e4256d54cb0d68a80b797658955c6bb16ef8ea93f96f52',
  'function  member_linked()':
    'd0db217b04b4ae0caaf8d25c77ba74621f4c5ec8193f762e51f372135bd90a0a',
  'function  member_records(member integer)':
    '0bd239ce10ea1c0787e6d2891dcca528179ff0ff1d250bc09607f083533e7609',
  'function  must_name_employer()':
    '7e8d820bbaef5f84da0545450c9b788d4d01a87e1bc0c31d85cb008bfb9faa86',
  'function  must_stay_employer()':
    '4d1b7931f56ee0f62b5dcd8e3f2bafd6766b670f065e933c611e0590bec9f126',
  'function  next_student_number()':
    '78266a9e5752249ba67b092a193141134b264e3cc70359503f499c59d7147b4e',
  'function  person_accounts(account integer)':
    'd8f57c92ea12001ed0e2f19616f4d2dd377f0cfa08f995dd5352dd26e157a506',
  'function  references_in_use(missing text[])':
    'e40d3c7cdaa5c6b9d834848db3bb4fe89060455be48b8891a06ff56ca2f78cd6',
  'function  replica_had(asker integer, horizon xid8, timeline integer)':
    'd790a4a2207d4ad00bef685f295e1490a947995c1b4a3425c2bc879943b88519',
  'trigger archives audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON archives FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger archives audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON archives REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger archives audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON archives FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger archives audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON archives FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger archives zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON archives FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger audit_cosignatures audit_cosignatures_refuse_change':
    'A CREATE TRIGGER audit_cosignatures_refuse_change BEFORE DELETE OR UPDATE ON audit_cosignatures FOR EACH ROW EXECUTE FUNCTION audit_refuse()',
  'trigger audit_cosignatures audit_cosignatures_refuse_truncate':
    'A CREATE TRIGGER audit_cosignatures_refuse_truncate BEFORE TRUNCATE ON audit_cosignatures FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger audit_logs audit_logs_refuse_change':
    'A CREATE TRIGGER audit_logs_refuse_change BEFORE DELETE OR UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_refuse()',
  'trigger audit_logs audit_logs_refuse_truncate':
    'A CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger audit_seals audit_seals_refuse_change':
    'A CREATE TRIGGER audit_seals_refuse_change BEFORE DELETE OR UPDATE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse()',
  'trigger audit_seals audit_seals_refuse_old_sealer':
    'A CREATE TRIGGER audit_seals_refuse_old_sealer BEFORE INSERT ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse_old_sealer()',
  'trigger audit_seals audit_seals_refuse_truncate':
    'A CREATE TRIGGER audit_seals_refuse_truncate BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger audit_tree_nodes audit_tree_nodes_refuse_change':
    'A CREATE TRIGGER audit_tree_nodes_refuse_change BEFORE DELETE OR UPDATE ON audit_tree_nodes FOR EACH ROW EXECUTE FUNCTION audit_refuse()',
  'trigger audit_tree_nodes audit_tree_nodes_refuse_truncate':
    'A CREATE TRIGGER audit_tree_nodes_refuse_truncate BEFORE TRUNCATE ON audit_tree_nodes FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger benevolence_applications audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON benevolence_applications FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger benevolence_applications audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON benevolence_applications REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger benevolence_applications audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON benevolence_applications FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger benevolence_applications audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON benevolence_applications FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger benevolence_applications zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON benevolence_applications FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger benevolence_reviews audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON benevolence_reviews FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger benevolence_reviews audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON benevolence_reviews REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger benevolence_reviews audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON benevolence_reviews FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger benevolence_reviews audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON benevolence_reviews FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger benevolence_reviews zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON benevolence_reviews FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger break_glass_reviews audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON break_glass_reviews FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger break_glass_reviews audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON break_glass_reviews REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger break_glass_reviews audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON break_glass_reviews FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger break_glass_reviews audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON break_glass_reviews FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger break_glass_reviews zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON break_glass_reviews FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger disowned_seals audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON disowned_seals FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger disowned_seals audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON disowned_seals REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger disowned_seals audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON disowned_seals FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger disowned_seals audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON disowned_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger disowned_seals zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON disowned_seals FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger file_attachments audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON file_attachments FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger file_attachments audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON file_attachments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger file_attachments audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON file_attachments FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger file_attachments audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON file_attachments FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger file_attachments zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON file_attachments FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger grievance_step_records audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON grievance_step_records FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger grievance_step_records audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON grievance_step_records REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger grievance_step_records audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON grievance_step_records FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger grievance_step_records audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON grievance_step_records FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger grievance_step_records zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON grievance_step_records FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger grievances audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON grievances FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger grievances audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON grievances REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger grievances audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON grievances FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger grievances audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON grievances FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger grievances names_employer':
    "A CREATE TRIGGER names_employer BEFORE INSERT OR UPDATE OF employer_id, deleted_at ON grievances FOR EACH ROW WHEN (new.deleted_at IS NULL) EXECUTE FUNCTION must_name_employer('employer_id')",
  'trigger grievances zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON grievances FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger legal_holds audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger legal_holds audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON legal_holds REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger legal_holds audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON legal_holds FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger legal_holds audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON legal_holds FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger legal_holds hold_stays':
    'A CREATE TRIGGER hold_stays BEFORE DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION legal_hold_stays()',
  'trigger legal_holds released_hold_stays':
    'A CREATE TRIGGER released_hold_stays BEFORE UPDATE ON legal_holds FOR EACH ROW WHEN (old.released_at IS NOT NULL) EXECUTE FUNCTION legal_hold_stays()',
  'trigger legal_holds zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON legal_holds FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger member_employments audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON member_employments FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger member_employments audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON member_employments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger member_employments audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON member_employments FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger member_employments audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON member_employments FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger member_employments zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON member_employments FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger members audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON members FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger members audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON members REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger members audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON members FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger members audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON members FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger members zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON members FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger mfa_recovery_codes audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON mfa_recovery_codes FOR EACH ROW EXECUTE FUNCTION audit_capture('{code_hash}')",
  'trigger mfa_recovery_codes audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON mfa_recovery_codes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{code_hash}')",
  'trigger mfa_recovery_codes audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON mfa_recovery_codes FOR EACH ROW EXECUTE FUNCTION audit_capture('{code_hash}')",
  'trigger mfa_recovery_codes audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON mfa_recovery_codes FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger mfa_recovery_codes zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON mfa_recovery_codes FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger one_time_tokens audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON one_time_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger one_time_tokens audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON one_time_tokens REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger one_time_tokens audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON one_time_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger one_time_tokens audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON one_time_tokens FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger one_time_tokens zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON one_time_tokens FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger organization_contacts audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON organization_contacts FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger organization_contacts audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON organization_contacts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger organization_contacts audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON organization_contacts FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger organization_contacts audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON organization_contacts FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger organization_contacts zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON organization_contacts FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger organizations audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON organizations FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger organizations audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON organizations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger organizations audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger organizations audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON organizations FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger organizations stays_employer':
    "A CREATE TRIGGER stays_employer BEFORE UPDATE OF org_type ON organizations FOR EACH ROW WHEN (old.org_type::text = 'employer'::text AND new.org_type::text <> 'employer'::text) EXECUTE FUNCTION must_stay_employer()",
  'trigger organizations zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger quarantined_records audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON quarantined_records FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger quarantined_records audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON quarantined_records REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger quarantined_records audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON quarantined_records FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger quarantined_records audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON quarantined_records FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger quarantined_records zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON quarantined_records FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger refresh_tokens audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger refresh_tokens audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON refresh_tokens REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger refresh_tokens audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger refresh_tokens audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON refresh_tokens FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger refresh_tokens zz_account_changed':
    'A CREATE CONSTRAINT TRIGGER zz_account_changed AFTER UPDATE ON refresh_tokens DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.revoked_at IS DISTINCT FROM new.revoked_at) EXECUTE FUNCTION account_changed()',
  'trigger refresh_tokens zz_account_removed':
    'A CREATE CONSTRAINT TRIGGER zz_account_removed AFTER DELETE ON refresh_tokens DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_changed()',
  'trigger refresh_tokens zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger registrations audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON registrations FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger registrations audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON registrations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger registrations audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON registrations FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}')",
  'trigger registrations audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON registrations FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger registrations zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON registrations FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger retention_policies audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON retention_policies FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger retention_policies audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON retention_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger retention_policies audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON retention_policies FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger retention_policies audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON retention_policies FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger retention_policies zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON retention_policies FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger roles audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON roles FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger roles audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger roles audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger roles audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON roles FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger roles zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger salting_activities audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON salting_activities FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger salting_activities audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON salting_activities REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger salting_activities audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON salting_activities FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger salting_activities audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON salting_activities FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger salting_activities names_employer':
    "A CREATE TRIGGER names_employer BEFORE INSERT OR UPDATE OF organization_id, deleted_at ON salting_activities FOR EACH ROW WHEN (new.deleted_at IS NULL) EXECUTE FUNCTION must_name_employer('organization_id')",
  'trigger salting_activities zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON salting_activities FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger stand_in_accounts audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON stand_in_accounts FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger stand_in_accounts audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON stand_in_accounts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger stand_in_accounts audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON stand_in_accounts FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger stand_in_accounts audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON stand_in_accounts FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger stand_in_accounts zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON stand_in_accounts FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger students audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON students FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger students audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON students REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger students audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON students FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger students audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON students FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger students zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON students FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger user_roles audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON user_roles FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger user_roles audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON user_roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}')",
  'trigger user_roles audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON user_roles FOR EACH ROW EXECUTE FUNCTION audit_capture('{}')",
  'trigger user_roles audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON user_roles FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger user_roles zz_account_changed':
    'A CREATE CONSTRAINT TRIGGER zz_account_changed AFTER INSERT OR DELETE OR UPDATE ON user_roles DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_changed()',
  'trigger user_roles zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON user_roles FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger users audit_capture_delete':
    "A CREATE TRIGGER audit_capture_delete AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION audit_capture('{password_hash,mfa_secret}')",
  'trigger users audit_capture_insert':
    "A CREATE TRIGGER audit_capture_insert AFTER INSERT ON users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{password_hash,mfa_secret}')",
  'trigger users audit_capture_update':
    "A CREATE TRIGGER audit_capture_update AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit_capture('{password_hash,mfa_secret}')",
  'trigger users audit_refuse_truncate':
    'A CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()',
  'trigger users zz_account_changed':
    'A CREATE CONSTRAINT TRIGGER zz_account_changed AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.email::text IS DISTINCT FROM new.email::text OR old.member_id IS DISTINCT FROM new.member_id OR old.is_active IS DISTINCT FROM new.is_active OR old.email_verified_at IS DISTINCT FROM new.email_verified_at OR old.must_change_password IS DISTINCT FROM new.must_change_password OR old.locked_until IS DISTINCT FROM new.locked_until OR old.deleted_at IS DISTINCT FROM new.deleted_at OR old.mfa_enabled_at IS DISTINCT FROM new.mfa_enabled_at) EXECUTE FUNCTION account_changed()',
  'trigger users zz_account_removed':
    'A CREATE CONSTRAINT TRIGGER zz_account_removed AFTER DELETE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_changed()',
  'trigger users zz_audit_touch':
    'A CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit_touch()',
  'trigger users zz_member_linked':
    'A CREATE TRIGGER zz_member_linked AFTER INSERT OR UPDATE ON users FOR EACH ROW WHEN (new.member_id IS NOT NULL) EXECUTE FUNCTION member_linked()',
};
