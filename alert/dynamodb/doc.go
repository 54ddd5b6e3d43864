// Package dynamodb keeps alerts and their outbox in one Amazon DynamoDB table:
// the store that several servers and Lambda functions share. NewMemory is the
// same store without a table, for one process that has none.
//
// # Table
//
// Partition key pk and sort key sk are strings; ttl is the table's time to
// live. The one index, list, has l and o as its keys and the attribute w.
//
//	pk                sk                            what
//	alert#<3 hex>     <alert>                       an alert with the rows of its outbox; l, o and w list it
//	alert#<3 hex>     <alert>#s#<identity>#<hash>   one of its samples, with the record
//	own#<delivery>    own                           a delivery that no alert is behind
//	due#<sink>        <time>#<sequence>#<a|o>#<id>  where the next delivery of an alert, or an own one, is
//	finding#<key>     f                             the identity of a counted finding
//	sink#<sink>       sink                          what storms need to know
//	sinks             <sink>                        every sink that ever had a delivery
//	put#<delivery>    put                           an own delivery that was put of late
//	dead#<hex>        <delivery>                    a dead letter of a sink
//	letter#<hex>      <letter>                      a dead letter of the intake
//	silence           <silence>                     a silence
//	position#<name>   position                      how far a source was read
//	state#<hex>       <name>                        a window of a rule that remembers
//	audit#<month>     <time>#<random>               who did what
//	blob#<hash>       <number>                      a piece of what does not fit into an item, or of a journal
//	schema            schema                        the version of all this
//
// Other attributes: d is the content, JSON, mostly deflated; r counts the
// writes of an item, for conditions; t is the time of its last change,
// milliseconds of Unix time.
//
// # Transactions
//
// Every change reads items with strong consistency, decides, and writes all of
// it in one TransactWriteItems under the condition that what was read is still
// so; when it is not, it reads and decides anew. An alert and the rows of its
// outbox are one item, so that its order and its leases need no more than that
// item's condition. A pointer under due# follows from the item and is written
// in the same transaction.
//
// A transaction holds at most 100 items and 4 MB. A batch of findings is cut
// into transactions that are complete in themselves: alerts with the identities
// of the findings that they count, their samples, their deliveries and the
// states of the sinks. State and positions come with the last one if they fit,
// or after it. What a crash leaves undone comes again with the source, and what
// was done is known by its identities. An alert can go to 32 sinks at once: each
// takes a state and, in a storm, a delivery with its pointer.
//
// State that is too much for the transaction of the last findings is written into
// a journal before it; the last piece of it, which all its writers change, goes
// into that transaction and leads to the journal, and the others follow. Whoever
// reads or replaces that piece before they did writes them. Findings that follow
// from state and are too many for that transaction (from some 17 alerts on) are in
// the journal, too: the one piece is then written by itself, and all else follows.
//
// # Partitions
//
// Alerts lie in 4,096 partitions by the beginning of their ID, identities in
// one each; the index, state and dead letters are spread over 8 or 16. What
// stays together is the pointers of one sink (about 500 deliveries a second)
// and the state of one sink, which workers change one after the other while
// there is news for it.
//
// # Items
//
// An item holds at most 400 KB. Samples have items of their own, named by their
// content, so that counting a finding neither reads nor writes the records of
// others. Content that is over 340 KB when it is deflated is cut into blobs.
package dynamodb
