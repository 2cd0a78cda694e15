/** A page of metrics in Prometheus' text format, as far as a reader of a few sums needs it. */
export class MetricsPage {
  private readonly samples: { name: string; labels: string; value: number }[];

  constructor(text: string) {
    this.samples = [...text.matchAll(/^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)/gm)].map(
      ([, name = '', labels = '', value]) => ({
        name,
        labels,
        value: Number(value),
      }),
    );
  }

  /** The sum over all series of that name, of those whose label has the value where one is given; undefined where there is none. */
  sum(name: string, label?: string, value?: string): number | undefined {
    const wanted = label === undefined ? '' : `${label}="${value}"`;
    const found = this.samples.filter((sample) => sample.name === name && sample.labels.includes(wanted));
    return found.length === 0 ? undefined : found.reduce((sum, sample) => sum + sample.value, 0);
  }
}
