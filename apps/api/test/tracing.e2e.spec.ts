import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { BlockList, type AddressInfo } from 'node:net';
import { aMember } from '../../../libs/members/src/member.factory';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: { key: string; value: Record<string, unknown> }[];
  links?: { traceId: string; spanId: string }[];
  status: { code?: number; message?: string };
}

/** A collector that takes OTLP over HTTP and keeps what it was sent. */
class Collector {
  readonly spans: Span[] = [];
  readonly texts: string[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer((request, reply) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        collector.headers.push({ ...request.headers, ':path': request.url });
        collector.texts.push(text);
        const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
        collector.spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
        reply.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
      });
    });
    const collector = new Collector(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The spans of one request, once its own has come: it is the last to end. */
  async of(requestId: string): Promise<{ root: Span; parts: Span[] }> {
    const find = () => this.spans.find((span) => valueOf(span, 'ip2a.request_id') === requestId);
    await until(() => find() !== undefined);
    const root = find() as Span;
    return { root, parts: this.spans.filter(({ parentSpanId }) => parentSpanId === root.spanId) };
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const valueOf = ({ attributes }: Span, wanted: string) => {
  const value = attributes.find(({ key }) => key === wanted)?.value;
  return value && Object.values(value)[0];
};
const loopback = new BlockList();
loopback.addAddress('127.0.0.1', 'ipv4');
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('traces', () => {
  let collector: Collector;
  let api: LocalApi;
  let staff: Client;
  beforeAll(async () => {
    collector = await Collector.start();
    api = await startApi({
      config: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
        OTEL_EXPORTER_OTLP_HEADERS: { 'x-tenant': 'local' },
        TRUSTED_PROXIES: loopback,
      },
    });
    staff = await api.as('staff');
  });
  afterAll(async () => {
    await api.close();
    collector.close();
  });

  it('show a request, its statements and its entry, under its operation and request id', async () => {
    const created = await staff.post('/members', aMember({ firstName: 'Zebulon', phone: '555-8731' }));
    const reply = await staff.get(`/members/${String(created.json()['id'])}`, { 'X-Access-Reason': 'Xylophone' });
    const { root, parts } = await collector.of(reply.requestId);
    expect(root).toMatchObject({ name: 'members:read', kind: 2 });
    expect(valueOf(root, 'http.route')).toBe('/api/v1/members/:id');
    expect(valueOf(root, 'http.request.method')).toBe('GET');
    expect(valueOf(root, 'http.response.status_code')).toBe(200);
    expect(parts.map(({ name }) => name)).toEqual(expect.arrayContaining(['SELECT members', 'wait for the entry']));
    expect(parts.map(({ traceId }) => traceId)).toEqual(parts.map(() => root.traceId));
    const linked = () =>
      collector.spans.find(
        ({ name, links }) => name === 'commit entries' && links?.some((to) => to.spanId === root.spanId),
      );
    await until(() => linked() !== undefined);
    expect(valueOf(linked() as Span, 'ip2a.entries')).toBeDefined();
  });

  it('hold no person: no value, query, address, reason, token, nor a name', async () => {
    const reply = await staff.get('/members?q=Zebulon&limit=3', { 'User-Agent': 'Quillfeather/1.0' });
    const missing = await staff.get('/members/by-number/Q7654321');
    await api.anonymous.post('/auth/login', { email: 'ximena@local.example', password: 'hunter2 hunter2' });
    for (const { requestId } of [reply, missing]) await collector.of(requestId);
    const sent = collector.texts.join('\n');
    const personal = [
      'Zebulon',
      '555-8731',
      'Xylophone',
      'Quillfeather',
      'Q7654321',
      'ximena',
      'hunter2',
      'local.example',
    ];
    expect(personal.filter((word) => sent.includes(word))).toEqual([]);
    expect(sent).not.toContain(staff.session.accessToken);
    expect(sent).not.toContain('127.0.0.1');
  });

  it('tell a failure by its status alone', async () => {
    const refused = await api.anonymous.get('/members');
    const { root } = await collector.of(refused.requestId);
    expect([valueOf(root, 'http.response.status_code'), root.status.code ?? 0]).toEqual([401, 0]);
  });

  it('go on with a trace that a trusted proxy began', async () => {
    const reply = await staff.get('/members?limit=1', { traceparent });
    const { root } = await collector.of(reply.requestId);
    expect([root.traceId, root.parentSpanId]).toEqual(['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']);
  });

  it('are sent where the setting says, with its headers', () => {
    expect(collector.headers[0]).toMatchObject({ ':path': '/v1/traces', 'x-tenant': 'local' });
    expect(collector.texts[0]).toContain('service.name');
  });
});

describe('a trace that somebody else began', () => {
  it('is not gone on with', async () => {
    const collector = await Collector.start();
    const api = await startApi({ config: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
    try {
      const reply = await api.anonymous.get('/auth/jwks.json', { traceparent });
      const { root } = await collector.of(reply.requestId);
      expect(root.traceId).not.toBe('4bf92f3577b34da6a3ce929d0e0e4736');
      expect(root.parentSpanId ?? '').toBe('');
    } finally {
      await api.close();
      collector.close();
    }
  });
});

describe('without a collector', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('nothing is sent where none is set', async () => {
    const collector = await Collector.start();
    const api = await startApi({ database });
    try {
      expect((await (await api.as('staff')).get('/members')).status).toBe(200);
    } finally {
      await api.close();
      collector.close();
    }
    expect(collector.spans).toEqual([]);
  });

  it('the service serves as always, and stops in time', async () => {
    const api = await startApi({ database, config: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' } });
    const staff = await api.as('staff');
    for (let time = 0; time < 200; time += 1) expect((await staff.get('/members?limit=1')).status).toBe(200);
    const begun = performance.now();
    await api.close();
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
