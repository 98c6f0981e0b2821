import { Hono } from "hono";
export function masterApp(options: any): any { const app = new Hono(); return app; }
