// GET /metrics: Prometheus text of the service and of the live doors.
import { AppError } from "../model/error.ts";
import { refuse, type RouteContext } from "./api.ts";

const ALLOW = ["GET", "HEAD"];

/** Answers /metrics: for administrators, unless it is open to scrapers. */
export function metrics({ req, state }: RouteContext): Response {
  try {
    if (!ALLOW.includes(req.method)) {
      throw new AppError("method_not_allowed", `Cannot ${req.method} /metrics`, { allow: ALLOW });
    }
    if (state.config.metrics === "admin") {
      if (state.principal === null) {
        throw new AppError("unauthenticated", "Cannot read the metrics without credentials");
      }
      if (!state.principal.admin) {
        throw new AppError("forbidden", "Cannot read the metrics: they are for administrators");
      }
    }
    const text = state.holdfast.health.metrics() + state.live.metrics();
    return new Response(req.method === "HEAD" ? null : text, {
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" },
    });
  } catch (error) {
    return refuse(error, state);
  }
}
