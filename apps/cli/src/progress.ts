import { Presets, SingleBar } from 'cli-progress';

/** Progress of long work: a bar on a terminal, a line for each part elsewhere. */
export function progressOn(stream: NodeJS.WriteStream) {
  const bar = stream.isTTY
    ? new SingleBar({ stream, format: '{part} {bar} {value}/{total}', etaBuffer: 50 }, Presets.shades_classic)
    : undefined;
  let shown = '';
  return {
    show(part: string, done: number, of: number): void {
      if (part !== shown) {
        if (bar && shown) bar.stop();
        if (bar) bar.start(of, done, { part });
        else stream.write(`${part}: ${of}\n`);
        shown = part;
      }
      bar?.update(done, { part });
    },
    end(): void {
      bar?.stop();
    },
  };
}
