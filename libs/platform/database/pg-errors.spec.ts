import { DatabaseError } from 'pg';
import { DomainError } from '#kernel';
import { translateError, violationOf } from './pg-errors';

/** An error of the server, in the language of its `lc_messages`. */
function translated(code: string, detail: string): DomainError {
  const error = new DatabaseError('…', 0, 'error');
  Object.assign(error, { code, detail, table: 'members', constraint: 'members_key' });
  return translateError(error) as DomainError;
}

describe('a key that is taken is told by its fields, whatever language the server speaks', () => {
  it.each([
    ['Key (member_number)=(A1) already exists.', ['/memberNumber'], 'A1'],
    ['Schlüssel »(member_number)=(A1)« existiert bereits.', ['/memberNumber'], 'A1'],
    ['Ya existe la llave (member_number)=(A1).', ['/memberNumber'], 'A1'],
    ['La clé « (member_number)=(A1) » existe déjà.', ['/memberNumber'], 'A1'],
    ['キー (member_number)=(A1) はすでに存在します。', ['/memberNumber'], 'A1'],
    ['Ключ "(member_number)=(A1)" уже существует.', ['/memberNumber'], 'A1'],
    ['Key (application_id, review_level)=(7, vp) already exists.', ['/applicationId', '/reviewLevel'], '7, vp'],
    ['Key (lower(email::text))=(a@b.example) already exists.', ['/email'], 'a@b.example'],
    ['Schlüssel »(lower((email)::text))=(a)=(b)« existiert bereits.', ['/email'], 'a)=(b'],
  ])('%s', (detail, pointers, value) => {
    const error = translated('23505', detail);
    expect([error.code, error.errors?.map(({ pointer }) => pointer)]).toEqual(['record.duplicate', pointers]);
    expect(violationOf(error)?.value).toBe(value);
  });
});

describe('a key that is referred to and one that is missing are told apart', () => {
  it.each([
    ['record.in-use', 'Key (id)=(7) is still referenced from table "members".'],
    ['record.in-use', 'Auf Schlüssel (id)=(7) wird noch aus Tabelle »members« verwiesen.'],
    ['record.in-use', 'La llave (id)=(7) todavía es referida desde la tabla «members».'],
    ['reference.missing', 'Key (employer_id)=(7) is not present in table "organizations".'],
    ['reference.missing', 'Schlüssel (employer_id)=(7) ist nicht in Tabelle »organizations« vorhanden.'],
    ['reference.missing', 'La clé (employer_id)=(7) n’est pas présente dans la table « organizations ».'],
  ])('as %s: %s', (code, detail) => {
    expect(translated('23503', detail).code).toBe(code);
  });
});
