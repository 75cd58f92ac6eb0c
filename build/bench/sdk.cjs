// The side of Meta's Node SDK; the protocol is in side.go. It does what Meta's
// example of the Conversions API does, with a service of its own in the place
// of the network, which gets the parameters that would be posted.
const fs = require('fs');
const crypto = require('crypto');
const readline = require('readline');
const sdk = require('facebook-nodejs-business-sdk');

const [peopleFile, bodiesFile, batchEvents] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const people = JSON.parse(fs.readFileSync(peopleFile, 'utf8')).people;

function eventOf(p) {
  const user = new sdk.UserData()
    .setEmail(p.email)
    .setPhone(p.phone)
    .setFirstName(p.first_name)
    .setLastName(p.last_name)
    .setCity(p.city)
    .setZip(p.zip)
    .setCountry(p.country)
    // The SDK leaves this one to its caller.
    .setExternalId(crypto.createHash('sha256').update(p.customer.toLowerCase()).digest('hex'))
    .setClientIpAddress(p.ip)
    .setClientUserAgent(p.user_agent)
    .setFbc(p.fbc)
    .setFbp(p.fbp);
  const contents = p.items.map((it) => new sdk.Content().setId(it.id).setQuantity(it.quantity).setItemPrice(it.price));
  const custom = new sdk.CustomData()
    .setValue(p.value)
    .setCurrency(p.currency)
    .setOrderId(p.order)
    .setContentType('product')
    .setContents(contents);
  return new sdk.ServerEvent()
    .setEventName('Purchase')
    .setEventTime(Math.floor(p.at / 1000))
    .setEventId('purchase.' + p.order)
    .setActionSource('website')
    .setEventSourceUrl(p.url)
    .setUserData(user)
    .setCustomData(custom);
}

async function lap(post) {
  const service = {
    executeRequest(url, method, headers, params) {
      delete params.access_token; // the other sides have theirs in a header
      post(JSON.stringify(params));
      return Promise.resolve();
    },
  };
  for (let start = 0; start < people.length; start += batchEvents) {
    const events = people.slice(start, start + batchEvents).map(eventOf);
    await new sdk.EventRequest('nobody-will-ever-see-this-token', '100000000000001', events).setHttpService(service).execute();
  }
}

async function main() {
  const bodies = [];
  await lap((body) => bodies.push(body));
  fs.writeFileSync(bodiesFile, bodies.join('\n') + '\n');
  bodies.length = 0;
  for (let n = 0; n < 2; n++) await lap(() => {});
  process.stdout.write('"ready"\n');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let size = 0;
    const began = process.cpuUsage();
    await lap((body) => { size += body.length; });
    const used = process.cpuUsage(began);
    process.stdout.write(JSON.stringify({ events: people.length, seconds: (used.user + used.system) / 1e6 }) + '\n');
  }
}

main().catch((err) => { console.error(err); process.exit(1); });
