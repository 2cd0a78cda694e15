import { Presets, SingleBar } from 'cli-progress';

/** Progress of long work: a bar on a terminal, a line for each part elsewhere. */
export function progressOn(stream: NodeJS.WriteStream) {
  const bar = stream.isTTY
    ? new SingleBar({ stream, format: '{part} {bar} {value}/{total}', etaBuffer: 50 }, Presets.shades_classic)
    : undefined;
  let shown = '';
  let isDrawn = false;
  const end = () => {
    if (isDrawn) bar?.stop();
    isDrawn = false;
  };
  const show = (part: string, done: number, of: number) => {
    if (part !== shown) {
      end();
      if (!bar) stream.write(`${part}: ${of}\n`);
      shown = part;
    }
    if (!isDrawn) bar?.start(of, done, { part });
    isDrawn = true;
    bar?.setTotal(of);
    bar?.update(done, { part });
  };
  /** `end` makes way for other output; what is shown afterwards is drawn below it. */
  return { show, end };
}

export type Progress = ReturnType<typeof progressOn>;
