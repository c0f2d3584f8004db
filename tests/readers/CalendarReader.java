import biweekly.Biweekly;
import biweekly.ICalVersion;
import biweekly.ICalendar;
import biweekly.component.VEvent;
import biweekly.io.TimezoneAssignment;
import biweekly.property.Attendee;
import biweekly.property.DateStart;
import biweekly.property.Organizer;
import biweekly.property.TextProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Date;
import java.util.TimeZone;

/** Reads calendars by biweekly: one in base64 a line, and for each a line of JSON. */
final class CalendarReader {
    private static final int MOST = 1_000;

    public static void main(String[] arguments) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String text = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            var calendars = Biweekly.parse(text).all();
            if (calendars.size() != 1) {
                throw new IOException("expected one calendar, found " + calendars.size());
            }
            System.out.write((asJson(calendars.get(0)) + "\n").getBytes(StandardCharsets.UTF_8));
            System.out.flush();
        }
    }

    private static String asJson(ICalendar calendar) throws IOException {
        var written = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(written)) {
            json.writeStartObject();
            json.writeStringField("method", calendar.getMethod() == null ? null : calendar.getMethod().getValue());
            json.writeArrayFieldStart("zones");
            for (var zone : calendar.getTimezoneInfo().getComponents()) {
                json.writeString(zone.getTimezoneId().getValue());
            }
            json.writeEndArray();
            json.writeStringField("problems", problems(calendar));
            json.writeArrayFieldStart("events");
            for (VEvent event : calendar.getEvents()) {
                write(json, calendar, event);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        return written.toString();
    }

    /** What is wrong; biweekly keeps time zones apart and does not count them as components, as RFC 5545 does. */
    private static String problems(ICalendar calendar) {
        boolean onlyZones = calendar.getComponents().isEmpty() && !calendar.getTimezoneInfo().getComponents().isEmpty();
        return onlyZones ? "" : calendar.validate(ICalVersion.V2_0).toString();
    }

    private static void write(JsonGenerator json, ICalendar calendar, VEvent event) throws IOException {
        json.writeStartObject();
        json.writeStringField("uid", event.getUid().getValue());
        json.writeNumberField("sequence", event.getSequence() == null ? 0 : event.getSequence().getValue());
        json.writeStringField("status", text(event.getStatus()));
        json.writeStringField("summary", text(event.getSummary()));
        json.writeStringField("location", text(event.getLocation()));
        json.writeStringField("description", text(event.getDescription()));
        json.writeArrayFieldStart("organizer");
        Organizer organizer = event.getOrganizer();
        if (organizer != null) {
            json.writeString(organizer.getCommonName());
            json.writeString(organizer.getEmail());
        }
        json.writeEndArray();
        json.writeArrayFieldStart("attendees");
        for (Attendee attendee : event.getAttendees()) {
            json.writeStartArray();
            json.writeString(attendee.getCommonName());
            json.writeString(attendee.getEmail());
            json.writeEndArray();
        }
        json.writeEndArray();
        json.writeNumberField("exceptions", event.getExceptionDates().size());
        json.writeArrayFieldStart("begins");
        DateStart start = event.getDateStart();
        TimezoneAssignment assigned = calendar.getTimezoneInfo().getTimezone(start);
        TimeZone zone = assigned == null ? TimeZone.getTimeZone("UTC") : assigned.getTimeZone();
        var dates = event.getDateIterator(zone);
        for (int count = 0; dates.hasNext() && count < MOST; count++) {
            Date date = dates.next();
            boolean timed = start.getValue().hasTime();
            json.writeString(timed ? date.toInstant().toString() : date.toInstant().atZone(ZoneOffset.UTC).toLocalDate().toString());
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static String text(TextProperty property) {
        return property == null ? "" : property.getValue();
    }
}
