package collector

import "time"

// Channel says where an event happened, as far as its sender says so. The empty
// channel says nothing; a destination then goes by what is known of the event.
type Channel string

// The channels. They are part of the HTTP API and of the journal: added, never
// renamed.
const (
	ChannelWeb       Channel = "web"       // on a page
	ChannelApp       Channel = "app"       // in an app on a telephone
	ChannelStore     Channel = "store"     // in a shop of bricks
	ChannelPhone     Channel = "phone"     // in a call
	ChannelEmail     Channel = "email"     // by mail
	ChannelChat      Channel = "chat"      // in a chat of the site's own
	ChannelMessaging Channel = "messaging" // in a messenger of somebody else's
	ChannelSystem    Channel = "system"    // nobody did it: a renewal, a change of stage
	ChannelOther     Channel = "other"     // none of these
)

// Channels are all channels, in the order in which they are shown.
func Channels() []Channel {
	return []Channel{
		ChannelWeb, ChannelApp, ChannelStore, ChannelPhone, ChannelEmail,
		ChannelChat, ChannelMessaging, ChannelSystem, ChannelOther,
	}
}

// Known reports whether c is one of [Channels]; the empty one is not.
func (c Channel) Known() bool {
	switch c {
	case ChannelWeb, ChannelApp, ChannelStore, ChannelPhone, ChannelEmail,
		ChannelChat, ChannelMessaging, ChannelSystem, ChannelOther:
		return true
	}
	return false
}

// The longest time after which an event is told and still of use to anybody.
const (
	maxAge        = 7 * 24 * time.Hour
	maxAgeInStore = 62 * 24 * time.Hour // tills hand in their sales by the month
)

// MaxAge is how old an event of the channel may be when it comes in. What a
// destination takes may be narrower; see [Destination.Window].
func (c Channel) MaxAge() time.Duration {
	if c == ChannelStore {
		return maxAgeInStore
	}
	return maxAge
}
