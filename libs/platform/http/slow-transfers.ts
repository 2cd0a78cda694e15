import type { FastifyReply } from 'fastify';
import { Gauge } from 'prom-client';
import { Slots } from './slots';

/** A client that is waited for longer than this is slow, in ms. */
const quickMs = 500;
/** Slow clients that a process waits for at a time. */
const most = 128;
/** The share of one person or network. */
const shareOfOne = 1 / 8;
/** The share of all who bring no token: they cannot shut out those who do. */
const shareOfNetworks = 1 / 2;

const slow = new Gauge({
  name: 'ip2a_http_slow_transfers',
  help: 'Requests and replies that wait for a slow client.',
});

interface Waiting {
  asker: string;
  isOfNetwork: boolean;
  since: number;
  hasSlot: boolean;
  letGo: () => void;
}

/** Clients that send a body or take a reply. The slow ones have a pool of their own, apart from the work. */
export class SlowTransfers {
  private readonly waiting = new Map<FastifyReply, Waiting>();
  private readonly all = new Slots(() => most, shareOfOne);
  private readonly networks = new Slots(() => most * shareOfNetworks, 1);

  /** From now on the client is waited for. `letGo` is called where it is slow and the pool is full. */
  begin(reply: FastifyReply, asker: string, isOfNetwork: boolean, letGo: () => void): void {
    this.end(reply);
    this.waiting.set(reply, { asker, isOfNetwork, since: performance.now(), hasSlot: false, letGo });
  }

  end(reply: FastifyReply): void {
    const found = this.waiting.get(reply);
    if (!found) return;
    this.waiting.delete(reply);
    if (!found.hasSlot) return;
    this.all.release(found.asker);
    if (found.isOfNetwork) this.networks.release('');
  }

  /** Gives those who turned out to be slow a slot, or lets them go. Called now and then. */
  look(): void {
    const now = performance.now();
    for (const [reply, waiting] of this.waiting) {
      if (waiting.hasSlot || now - waiting.since < quickMs) continue;
      if (this.take(waiting)) continue;
      this.waiting.delete(reply);
      waiting.letGo();
    }
    slow.set(this.all.inUse);
  }

  private take(waiting: Waiting): boolean {
    const { asker, isOfNetwork } = waiting;
    if (isOfNetwork && !this.networks.take('')) return false;
    waiting.hasSlot = this.all.take(asker);
    if (!waiting.hasSlot && isOfNetwork) this.networks.release('');
    return waiting.hasSlot;
  }
}
