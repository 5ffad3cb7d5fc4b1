// What ical.js, which Thunderbird and Nextcloud read calendars with, finds in the calendar on standard input: a JSON list
// of {uid, recurrence, sequence, stamp, status, summary, starts, ends}, times in UTC.
import ICAL from 'ical.js'

const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const calendar = new ICAL.Component(ICAL.parse(Buffer.concat(chunks).toString('utf8')))
for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(new ICAL.Timezone(zone))

const moment = (time) => time && (time.isDate ? time.toString() : time.toJSDate().toISOString())
const found = calendar.getAllSubcomponents('vevent').map((component) => {
  const event = new ICAL.Event(component)
  return {
    uid: event.uid,
    recurrence: moment(event.recurrenceId),
    sequence: event.sequence,
    stamp: moment(component.getFirstPropertyValue('dtstamp')),
    status: component.getFirstPropertyValue('status'),
    summary: event.summary,
    starts: moment(event.startDate),
    ends: moment(event.endDate)
  }
})
console.log(JSON.stringify(found))
