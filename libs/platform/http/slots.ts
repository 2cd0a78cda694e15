/**
 * Slots that whoever asks takes one at a time. Nobody has more than a share of them: a person, or
 * the network of those without a token.
 */
export class Slots {
  private taken = 0;
  private readonly byAsker = new Map<string, number>();

  /** `share` is from 0 to 1. */
  constructor(
    private readonly most: () => number,
    private readonly share: number,
  ) {}

  get inUse(): number {
    return this.taken;
  }

  /** Whether there was one. */
  take(asker: string): boolean {
    const most = this.most();
    const own = this.byAsker.get(asker) ?? 0;
    if (this.taken >= most || own >= Math.max(1, Math.floor(most * this.share))) return false;
    this.taken += 1;
    this.byAsker.set(asker, own + 1);
    return true;
  }

  release(asker: string): void {
    const left = (this.byAsker.get(asker) ?? 0) - 1;
    this.taken -= 1;
    if (left > 0) this.byAsker.set(asker, left);
    else this.byAsker.delete(asker);
  }
}
