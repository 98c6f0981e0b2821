import { Hono } from "hono";
export function slaveApp(options: any): any { const app = new Hono(); app.get("/status", (c) => c.json(options.status())); return app; }
