import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface ObservedRequest {
  readonly method: string;
  /** The route's pattern; never the URL. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface GaugeOptions {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /**
   * Called at each scrape, so that a gauge costs nothing in between. A gauge whose `read` fails is left out of that
   * scrape.
   */
  readonly read: () => readonly Sample[] | Promise<readonly Sample[]>;
}

export interface Metrics {
  /** Counts and times one answered request. */
  observe(request: ObservedRequest): void;
  registerGauge(options: GaugeOptions): void;
  /** What `/metrics` answers. */
  text(): Promise<string>;
  readonly contentType: string;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Each route has series that are kept for ever. Routes beyond this many are counted together. */
const MAX_ROUTES = 500;
const MAX_SERIES = 5_000;
/** In seconds: fine around the targets of the hot paths (1 to 15 ms), coarse above. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Makes the metrics of one process, in a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const total = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer',
    labelNames: ['method', 'route', 'status_class'],
    buckets: BUCKETS,
    registers: [registry],
  });
  const routes = new Set<string>();
  const seriesOf = (request: ObservedRequest) => {
    if (routes.size < MAX_ROUTES) routes.add(request.route);
    const route = routes.has(request.route) ? request.route : 'other';
    const method = METHODS.has(request.method) ? request.method : 'other';
    const statusClass = `${Math.trunc(request.status / 100)}xx`;
    return {
      total: total.labels({ method, route, status: request.status }),
      duration: duration.labels({ method, route, status_class: statusClass }),
    };
  };
  // The library sorts and joins the labels at every call. This map does it once for each series, and so is as bounded
  // as they are.
  const known = new Map<string, ReturnType<typeof seriesOf>>();

  return {
    observe(request) {
      const key = `${request.method} ${request.status} ${request.route}`;
      let series = known.get(key);
      if (!series) {
        series = seriesOf(request);
        if (known.size < MAX_SERIES) known.set(key, series);
      }
      series.total.inc();
      series.duration.observe(request.durationMs / 1_000);
    },
    registerGauge: (options) => registerGauge(registry, options),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function registerGauge(registry: Registry, { name, help, labels = [], read }: GaugeOptions): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect: async () => {
      // One gauge that cannot be read must not take the whole page away.
      const samples = await Promise.resolve()
        .then(read)
        .catch(() => []);
      gauge.reset();
      // A reset gauge without labels stands at 0, which would be a statement. A removed one says nothing.
      if (labels.length === 0) gauge.remove();
      for (const sample of samples) gauge.set(sample.labels ?? {}, sample.value);
    },
  });
}
