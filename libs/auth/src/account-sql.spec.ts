import { runInThisContext } from 'node:vm';
import { oneLine } from '../../../test/support/unconnected';
import { faultSql, rolesSql } from './account.sql';

const now = 100;

/** The value of a condition or CASE for a row, whose instants are numbers. */
function valueOf(sql: string, alias: string, row: object): unknown {
  const script = oneLine(sql)
    .replace(/CASE WHEN /, '')
    .replace(/ WHEN /g, ' : ')
    .replace(/ THEN /g, ' ? ')
    .replace(/ END$/, ' : null')
    .replace(/ IS NOT NULL/g, ' !== null')
    .replace(/ IS NULL/g, ' === null')
    .replace(/(\w+\.\w+) > now\(\)/g, `($1 !== null && $1 > ${now})`)
    .replace(/\bNOT\b/g, '!')
    .replace(/\bAND\b/g, '&&')
    .replace(/\bOR\b/g, '||');
  return (runInThisContext(`(${alias}) => ${script}`) as (row: object) => unknown)(row);
}

describe('an account', () => {
  const works = { deleted_at: null, is_active: true, email_verified_at: 1, locked_until: null };

  it.each([
    [{}, null],
    [{ deleted_at: 99 }, 'account deleted'],
    [{ is_active: false }, 'account inactive'],
    [{ email_verified_at: null }, 'e-mail not verified'],
    [{ locked_until: 101 }, 'account locked'],
    // Locks end, also in the very instant.
    [{ locked_until: 100 }, null],
    [{ locked_until: 99 }, null],
    // The fault that lasts longest is named.
    [{ deleted_at: 99, is_active: false, email_verified_at: null, locked_until: 101 }, 'account deleted'],
    [{ is_active: false, email_verified_at: null, locked_until: 101 }, 'account inactive'],
    [{ email_verified_at: null, locked_until: 101 }, 'e-mail not verified'],
  ])('with %j has the fault %j', (facts, fault) => {
    expect(valueOf(faultSql, 'u', { ...works, ...facts })).toBe(fault);
  });
});

describe('a role', () => {
  const [, condition = ''] = / AND (\(ur\.expires_at .*\))\), '\{\}'\)$/.exec(oneLine(rolesSql)) ?? [];

  it.each([
    [null, true],
    [101, true],
    [100, false],
    [99, false],
  ])('that ends at %s counts at 100: %s', (expires_at, counts) => {
    expect(valueOf(condition, 'ur', { expires_at })).toBe(counts);
  });

  it('is one of the user’s own, in the order of the table, and none makes an empty array', () => {
    const sql = oneLine(rolesSql);
    expect(sql).toContain('array_agg(r.name::text ORDER BY r.id) FROM user_roles ur JOIN roles r ON r.id = ur.role_id');
    expect(sql).toContain('WHERE ur.user_id = u.id AND (');
    expect(sql).toMatch(/^coalesce\(\(SELECT .*\), '\{\}'\)$/);
  });
});
