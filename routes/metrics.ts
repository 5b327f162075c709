// GET /metrics: Prometheus text of service and live doors; for administrators, unless HOLDFAST_METRICS=open.
import { metrics } from "@/lib/http/metrics.ts";

export const handler = metrics;
