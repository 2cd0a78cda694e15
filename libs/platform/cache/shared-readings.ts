interface Reading<T> {
  /** Who came after it had begun. */
  next?: Next<T>;
}

interface Next<T> {
  read: () => Promise<T>;
  result: Promise<T>;
  resolve: (result: Promise<T>) => void;
}

/**
 * Lets many who want to know the same at the same time share a reading. Nobody gets what was read before they asked: who comes while
 * a reading is under way waits for the next one, together with all who do.
 */
export class SharedReadings<T> {
  private readonly underWay = new Map<string, Reading<T>>();

  /** What `read` of one of those who share it finds out, at some moment after the call. Fails as that one does. */
  read(key: string, read: () => Promise<T>): Promise<T> {
    const reading = this.underWay.get(key);
    if (!reading) return this.begin(key, read);
    // The one who came last has the most time left.
    if (reading.next) reading.next.read = read;
    else reading.next = nextOf(read);
    return reading.next.result;
  }

  private async begin(key: string, read: () => Promise<T>): Promise<T> {
    const reading: Reading<T> = {};
    this.underWay.set(key, reading);
    try {
      return await read();
    } finally {
      const { next } = reading;
      if (next) next.resolve(this.begin(key, next.read));
      else this.underWay.delete(key);
    }
  }
}

function nextOf<T>(read: () => Promise<T>): Next<T> {
  let resolve: Next<T>['resolve'] = () => undefined;
  const result = new Promise<T>((settle) => (resolve = settle));
  return { read, result, resolve };
}
