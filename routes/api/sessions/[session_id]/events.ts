// The log as a page, its lines byte for byte as they are stored, or as a live stream.
import { api } from "@/lib/http/api.ts";
import { eventsPage, eventsStream } from "@/lib/http/events.ts";
import { wantsEventStream } from "@/lib/http/sse.ts";

export const handler = api("/api/sessions/{session_id}/events", {
  GET: (call) => wantsEventStream(call.request.headers) ? eventsStream(call) : eventsPage(call),
});
