import type { LoggerService } from '@nestjs/common';
import { destination, pino, stdTimeFunctions, type Logger as Pino } from 'pino';

/** Keys that may hold a person's data or a secret; they are cut wherever they turn up in a log line. */
const redacted = [
  'password',
  'email',
  'token',
  'authorization',
  'accessToken',
  'refreshToken',
  'err.values',
  'err.parameters',
  'err.detail',
  'err.driverError',
  'err.query',
];

/** The lines of the framework's own start-up that tell an operator nothing. */
const chatter = new Set(['InstanceLoader', 'RouterExplorer', 'RoutesResolver', 'NestFactory', 'NestApplication']);

/** Nest's logger as JSON lines: a constant message and fields. Called as `logger.warn({ …fields }, 'Message')`. */
export class JsonLogger implements LoggerService {
  private readonly pino: Pino;

  /** A command writes to standard error: what it prints belongs to its answer. */
  constructor(level: string, to: 'stdout' | 'stderr' = 'stdout') {
    const options = { level, redact: redacted, timestamp: stdTimeFunctions.isoTime, base: { pid: process.pid } };
    this.pino = to === 'stderr' ? pino(options, destination({ dest: 2, sync: true })) : pino(options);
  }

  log(message: unknown, ...rest: unknown[]): void {
    if (chatter.has(String(rest.at(-1)))) return;
    this.write('info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest passes the logger's context last; our own calls put fields first and the message second. */
  private write(level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal', first: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    if (typeof first === 'object' && first !== null && !(first instanceof Error)) {
      const message = rest.length > 1 ? rest[0] : context;
      this.pino[level]({ context, ...first }, String(message));
      return;
    }
    if (first instanceof Error) this.pino[level]({ context, err: first }, 'Unexpected error');
    else this.pino[level]({ context }, String(first));
  }
}
