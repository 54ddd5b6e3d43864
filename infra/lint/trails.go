package lint

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// trail judges a trail by itself.
func (l *linter) trail(r *resource) {
	multi := r.get("IsMultiRegionTrail")
	yes, _ := multi.Truth()
	const why = "A region that is enabled later is not recorded; several such trails record global services' events several times."
	switch {
	case yes || r.script && strings.Contains(r.address, "update-trail") && multi == nil:
	case multi != nil && !multi.Known():
		l.add("S0.D3-single-region-trail", diagnostic.Note, r.place(multi), "whether the trail records every region is not known here", why, "")
	default:
		l.add("S0.D3-single-region-trail", diagnostic.Warning, r.place(multi), "the trail records one region only", why, regionFix(r))
	}
	if on := r.get("IsLogging", "EnableLogging"); on != nil {
		if _, off := on.Truth(); off {
			l.add("S1.D2-trail-off", diagnostic.Error, r.place(on), "the trail does not log", "Neither the bucket nor EventBridge gets an event.", "true")
		}
	}
	for _, s := range r.get("EventSelectors", "EventSelector", "AdvancedEventSelectors", "AdvancedEventSelector").Each() {
		if s.Kind == value.Map {
			l.selectors(r.file, r.address, r.body)
			break
		}
	}
}

func regionFix(r *resource) string {
	switch {
	case r.script:
		return "--is-multi-region-trail"
	case strings.HasPrefix(r.address, "aws_"):
		return "is_multi_region_trail = true"
	}
	return `"IsMultiRegionTrail": true`
}

// selectors judges what a trail records: without management events there is
// little to watch.
func (l *linter) selectors(file, address string, v *value.Value) {
	at := firstOf(v.Get("EventSelectors"), v.Get("EventSelector"), v.Get("AdvancedEventSelectors"), v.Get("AdvancedEventSelector"))
	reads, writes := false, false
	for _, s := range firstOf(v.Get("EventSelectors"), v.Get("EventSelector")).Each() {
		if _, off := s.Get("IncludeManagementEvents").Truth(); off {
			continue
		}
		kind := s.Get("ReadWriteType").String()
		reads, writes = reads || kind != "WriteOnly", writes || kind != "ReadOnly"
	}
	for _, s := range firstOf(v.Get("AdvancedEventSelectors"), v.Get("AdvancedEventSelector")).Each() {
		management, only := advanced(s)
		reads, writes = reads || management && only != "false", writes || management && only != "true"
	}
	p := place{file, address, at}
	switch {
	case !reads && !writes:
		l.add("S1.D2-no-management-events", diagnostic.Error, p, "the trail records no management events", "Nearly every rule is about them, and EventBridge gets none.", `"IncludeManagementEvents": true, "ReadWriteType": "All"`)
	case !writes:
		l.add("S1.D2-no-management-events", diagnostic.Error, p, "the trail records no management events that change something", "Nearly every rule is about them.", `"ReadWriteType": "All"`)
	}
}

// advanced tells whether an advanced selector is for management events, and the
// value that it holds readOnly to.
func advanced(s *value.Value) (management bool, only string) {
	for _, f := range firstOf(s.Get("FieldSelectors"), s.Get("FieldSelector")).Each() {
		equals := strings.Join(f.Get("Equals").Strings(), ",")
		switch f.Get("Field").String() {
		case "eventCategory":
			management = equals == "Management"
		case "readOnly":
			only = equals
		}
	}
	return management, only
}

// doubled says of several single-region trails that record global services'
// events each.
func (l *linter) doubled() {
	var first *resource
	for _, r := range l.resources {
		if r.kind != trail {
			continue
		}
		if _, off := r.get("IncludeGlobalServiceEvents").Truth(); off {
			continue
		}
		if yes, _ := r.get("IsMultiRegionTrail").Truth(); yes && r.get("S3BucketName") == nil {
			continue
		}
		if first != nil && same(first, first.get("S3BucketName"), r, r.get("S3BucketName")) && !sameTrail(first, r) {
			l.add("S0.D3-global-events-twice", diagnostic.Warning, r.place(nil), fmt.Sprintf("this trail and %s record global services' events into one bucket each", first.address),
				"Each such event is there several times.", "one trail for all regions")
		}
		first = r
	}
}

// sameTrail tells whether two descriptions may be of one trail.
func sameTrail(a, b *resource) bool {
	return a.get("Name", "TrailName").Same(b.get("Name", "TrailName")) || a.script != b.script
}
