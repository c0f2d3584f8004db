// Read calendars by ical.js: one in base64 a line, and for each a line of JSON.
import { createInterface } from "node:readline";
import ICAL from "ical.js";

const MOST = 1000;

const person = (property) => [property.getParameter("cn") ?? null, property.getFirstValue().replace(/^mailto:/i, "")];

function begins(component) {
  const found = [];
  const dates = new ICAL.Event(component).iterator();
  for (let date = dates.next(); date && found.length < MOST; date = dates.next()) {
    found.push(date.isDate ? date.toString() : new Date(date.toUnixTime() * 1000).toISOString().replace(".000Z", "Z"));
  }
  return found;
}

function asEvent(component) {
  const text = (name) => component.getFirstPropertyValue(name) ?? "";
  const organizer = component.getFirstProperty("organizer");
  return {
    uid: text("uid"),
    sequence: component.getFirstPropertyValue("sequence") ?? 0,
    status: text("status"),
    summary: text("summary"),
    location: text("location"),
    description: text("description"),
    organizer: organizer ? person(organizer) : [],
    attendees: component.getAllProperties("attendee").map(person),
    exceptions: component.getAllProperties("exdate").length,
    begins: begins(component),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const calendar = new ICAL.Component(ICAL.parse(Buffer.from(line, "base64").toString("utf8")));
  const found = {
    method: calendar.getFirstPropertyValue("method"),
    zones: calendar.getAllSubcomponents("vtimezone").map((zone) => zone.getFirstPropertyValue("tzid")),
    problems: calendar.getAllSubcomponents().length ? "" : "no component",
    events: calendar.getAllSubcomponents("vevent").map(asEvent),
  };
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
