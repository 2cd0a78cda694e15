/** The roles that count now of the user `u`, in the order of the role table. */
export const rolesSql = `coalesce((SELECT array_agg(r.name::text ORDER BY r.id) FROM user_roles ur
  JOIN roles r ON r.id = ur.role_id WHERE ur.user_id = u.id AND (ur.expires_at IS NULL OR ur.expires_at > now())), '{}')`;

/** The user `u` as an actor. */
export const actorSql = `u.id AS "userId", u.email, u.member_id AS "memberId",
  u.must_change_password AS "mustChangePassword", u.mfa_enabled_at IS NOT NULL AS "hasSecondFactor", ${rolesSql} AS roles`;

/** Why the account `u` gets no session and keeps none working; null for one that works. */
export const faultSql = `CASE WHEN u.deleted_at IS NOT NULL THEN 'account deleted'
  WHEN NOT u.is_active THEN 'account inactive'
  WHEN u.email_verified_at IS NULL THEN 'e-mail not verified'
  WHEN u.locked_until > now() THEN 'account locked' END`;

/** The version of the account `u`: another one after each change of what it may do. */
export const versionSql = `coalesce((SELECT v.version FROM account_versions v WHERE v.user_id = u.id), 0)`;

/** When the first of the roles of the account `u` ends by itself, in seconds since the epoch; null where none does. */
export const endsAtSql = `(SELECT extract(epoch FROM min(ur.expires_at))::float8 FROM user_roles ur
  WHERE ur.user_id = u.id AND ur.expires_at > now())`;
