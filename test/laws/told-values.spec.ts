import ts from 'typescript';
import { read, sourcesIn, treeOf, walk, type Source } from '../support/sources';

/** What makes an error, beside the functions of a file that return a DomainError. */
const makers = ['DomainError', 'invalid', 'unavailable'];

/** Values in the texts of errors that come from a stored record, each with the error that telling-errors.spec.ts provokes. */
const stored: Record<string, string> = {
  'benevolence-reviews.service.ts: amountRequested': 'benevolence-reviews:create request.invalid',
  'grievances.service.ts: stepNumber': 'grievances:record-step workflow.not-allowed',
  'grievances.service.ts: held.status': 'grievances:close workflow.not-allowed',
  'grievances.service.ts: named': 'grievances:close workflow.not-allowed',
  'grievances.service.ts: status': 'grievances:settle workflow.not-allowed',
  'employers.ts: found.orgType': 'grievances:create request.invalid',
  'records.ts: list': 'members:delete record.in-use',
  'pg-errors.ts: error.table': 'organizations:delete record.in-use',
  "pg-errors.ts: camel(error.column ?? '')": 'member-employments:update request.invalid',
  'pg-errors.ts: name': 'members:create record.duplicate',
};

/** The others, each with where it comes from. */
const others: Record<string, string> = {
  'roles.guard.ts: operation': 'the route',
  'roles.guard.ts: hint': 'the route',
  'attachments.service.ts: resource.noun': 'the declaration',
  'attachments.service.ts: category': 'the request',
  "file-kind.ts: EXTENSIONS.join(', ')": 'the program',
  'file-kind.ts: this.extension': 'the request',
  'archived-trail.ts: ids': 'archives, which the error carries as `tells`',
  'audit-summary.service.ts: maxDays': 'the program',
  'load-accounts.service.ts: memberIds.length': 'a command of the load test',
  'load-accounts.service.ts: members': 'a command of the load test',
  'ledger.service.ts: sealedWithinSeconds': 'the program',
  'ledger.service.ts: size': 'the checkpoint, which is published',
  'import-rows.ts: (error as Error).message': 'the request',
  "import-pace.ts: this.isUpsert ? '' : 'mode=report, or '": 'the program',
  "import-columns.ts: properties.join(', ')": 'the program',
  'import-columns.ts: name.slice(0, 50)': 'the request',
  'members.import.ts: rowsRefused': 'counts members whose numbers are taken: telling-replies.spec.ts',
  'members.import.ts: rowsRead': 'the request',
  'import-rows.ts: maxRows': 'the program',
  'import-pace.ts: total': 'the request',
  'import-pace.ts: longestMs / 1000': 'the program',
  'import-pace.ts: possible': 'how fast the database is',
  'json-bodies.ts: maxValues': 'the program',
  'upload.ts: maxBytes / 1024 / 1024': 'the program',
  'members.import.ts: row': 'the request',
  "members.import.ts: field ? `/${field}` : ''": 'the request',
  'members.import.ts: field': 'the request',
  'forms.ts: name.slice(0, 100)': 'the request',
  'forms.ts: filePart': 'the program',
  'forms.ts: this.maxBytes / 1024 / 1024': 'the program',
  'validation.pipe.ts: count': 'the request',
  'passwords.ts: weakness': 'the program, which considers the account whose address it tells',
  'refusal.ts: limit': 'the program',
  'refusal.ts: within': 'the program',
  'refusal.ts: retryAfterSeconds': 'the bucket of the client',
  'refusal.ts: unit': 'the program',
  'given-fields.ts: field': 'the request',
  'records.ts: resource.noun': 'the declaration',
  'search.ts: hidden': 'the request',
  'statement.ts: this.resource.noun': 'the declaration',
  'seed.ts: table.table': 'a command of the stress data set',
  'seed.ts: count': 'a command of the stress data set',
};

describe('a value in the text of an error', () => {
  const found = [
    ...new Set(
      sourcesIn('apps', 'libs')
        .filter(({ path }) => !/\.spec\.ts$|^apps\/[^/]+\/test\//.test(path))
        .flatMap(valuesIn),
    ),
  ];

  it('comes from a stored record, and is told on record, or says where else it comes from', () => {
    expect(found.filter((value) => !(value in stored) && !(value in others))).toEqual([]);
    expect([...Object.keys(stored), ...Object.keys(others)].filter((value) => !found.includes(value))).toEqual([]);
  });

  it('that comes from a stored record is provoked by a spec', () => {
    const walked = read('test/promises/telling-errors.spec.ts').replace(/\s+/g, ' ');
    const isWalked = (pair: string) => walked.includes(`'${pair.replace(' ', "', '")}'`);
    expect(Object.values(stored).filter((pair) => !isWalked(pair))).toEqual([]);
  });
});

/** Every expression within a template that goes into an error, as "file: expression". */
function valuesIn(source: Source): string[] {
  const tree = treeOf(source);
  const names = [...makers];
  walk(tree, (node) => {
    if (ts.isFunctionDeclaration(node) && node.type?.getText(tree) === 'DomainError') names.push(node.name?.text ?? '');
  });
  const file = source.path.replace(/^.*\//, '');
  const values: string[] = [];
  walk(tree, (node) => {
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return;
    if (!names.includes(node.expression.getText(tree))) return;
    for (const argument of node.arguments ?? []) {
      walk(argument, (part) => {
        if (ts.isTemplateSpan(part)) values.push(`${file}: ${part.expression.getText(tree)}`);
      });
    }
  });
  return values;
}
