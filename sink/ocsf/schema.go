package ocsf

import (
	"encoding/json"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
)

// The types below are the objects of the schema, with the attributes that are
// written.

type finding struct {
	ActivityID  int         `json:"activity_id"`
	Activity    string      `json:"activity_name"`
	CategoryUID int         `json:"category_uid"`
	Category    string      `json:"category_name"`
	ClassUID    int         `json:"class_uid"`
	Class       string      `json:"class_name"`
	TypeUID     int         `json:"type_uid"`
	Type        string      `json:"type_name"`
	SeverityID  int         `json:"severity_id"`
	Severity    string      `json:"severity"`
	StatusID    int         `json:"status_id"`
	Status      string      `json:"status"`
	Time        int64       `json:"time"`
	Start       int64       `json:"start_time,omitempty"`
	End         int64       `json:"end_time,omitempty"`
	Count       int64       `json:"count,omitempty"`
	Message     string      `json:"message,omitempty"`
	Comment     string      `json:"comment,omitempty"`
	Metadata    metadata    `json:"metadata"`
	Info        findingInfo `json:"finding_info"`
	Cloud       cloud       `json:"cloud"`
	Evidences   []evidence  `json:"evidences,omitempty"`
	Resources   []resource  `json:"resources,omitempty"`
	Observables []observed  `json:"observables,omitempty"`
	Remediation *remedy     `json:"remediation,omitempty"`
	Unmapped    *unmapped   `json:"unmapped,omitempty"`
}

type metadata struct {
	Version     string   `json:"version"`
	Product     product  `json:"product"`
	Profiles    []string `json:"profiles"`
	UID         string   `json:"uid"`
	Correlation string   `json:"correlation_uid"`
	Logged      int64    `json:"logged_time,omitempty"`
	Sequence    int64    `json:"sequence,omitempty"`
}

type product struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version,omitempty"`
}

type findingInfo struct {
	UID       string    `json:"uid"`
	Title     string    `json:"title"`
	Desc      string    `json:"desc,omitempty"`
	Analytic  *analytic `json:"analytic,omitempty"`
	Attacks   []attack  `json:"attacks,omitempty"`
	Created   int64     `json:"created_time,omitempty"`
	FirstSeen int64     `json:"first_seen_time,omitempty"`
	LastSeen  int64     `json:"last_seen_time,omitempty"`
	Sources   []string  `json:"data_sources,omitempty"`
	URL       string    `json:"src_url,omitempty"`
}

type analytic struct {
	Name    string `json:"name,omitempty"`
	UID     string `json:"uid"`
	TypeID  int    `json:"type_id"`
	Type    string `json:"type"`
	Desc    string `json:"desc,omitempty"`
	Version string `json:"version,omitempty"`
}

type attack struct {
	Tactic       *named `json:"tactic,omitempty"`
	Technique    *named `json:"technique,omitempty"`
	SubTechnique *named `json:"sub_technique,omitempty"`
}

type named struct {
	UID  string `json:"uid,omitempty"`
	Name string `json:"name,omitempty"`
	URL  string `json:"src_url,omitempty"`
}

type cloud struct {
	Provider string   `json:"provider"`
	Account  *account `json:"account,omitempty"`
	Region   string   `json:"region,omitempty"`
	Org      *org     `json:"org,omitempty"`
}

type account struct {
	UID    string `json:"uid"`
	Name   string `json:"name,omitempty"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

type org struct {
	Unit string `json:"ou_name"`
	Name string `json:"name"`
}

type evidence struct {
	API    *api            `json:"api,omitempty"`
	Actor  *actor          `json:"actor,omitempty"`
	Source *endpoint       `json:"src_endpoint,omitempty"`
	Data   json.RawMessage `json:"data"`
}

type api struct {
	Operation string    `json:"operation"`
	Service   *named    `json:"service,omitempty"`
	Response  *response `json:"response,omitempty"`
}

type response struct {
	Error   string `json:"error,omitempty"`
	Message string `json:"error_message,omitempty"`
}

type actor struct {
	User    *user    `json:"user,omitempty"`
	Session *session `json:"session,omitempty"`
	Invoked string   `json:"invoked_by,omitempty"`
}

type user struct {
	Name       string   `json:"name,omitempty"`
	UID        string   `json:"uid,omitempty"`
	UIDAlt     string   `json:"uid_alt,omitempty"`
	TypeID     int      `json:"type_id"`
	Type       string   `json:"type"`
	Account    *account `json:"account,omitempty"`
	Credential string   `json:"credential_uid,omitempty"`
}

type session struct {
	UID    string `json:"uid,omitempty"`
	Issuer string `json:"issuer,omitempty"`
	MFA    *bool  `json:"is_mfa,omitempty"`
}

type endpoint struct {
	IP       string    `json:"ip,omitempty"`
	Service  string    `json:"svc_name,omitempty"`
	Location *location `json:"location,omitempty"`
	AS       *named    `json:"autonomous_system,omitempty"`
}

type location struct {
	City    string `json:"city,omitempty"`
	Country string `json:"country,omitempty"`
	Desc    string `json:"desc,omitempty"`
}

type resource struct {
	UID       string `json:"uid,omitempty"`
	Name      string `json:"name"`
	Region    string `json:"region,omitempty"`
	Partition string `json:"cloud_partition,omitempty"`
}

type observed struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
	Value  string `json:"value"`
}

type remedy struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

// unmapped holds what the schema has no place for.
type unmapped struct {
	Kind       alert.Kind       `json:"kind"`
	New        int64            `json:"new,omitempty"`
	MayRepeat  bool             `json:"mayRepeat,omitempty"`
	Group      []alert.Label    `json:"group,omitempty"`
	Parameters []alert.Label    `json:"parameters,omitempty"`
	Results    []alert.Label    `json:"results,omitempty"`
	Tallies    []alert.Tally    `json:"tallies,omitempty"`
	Detection  *alert.Detection `json:"detection,omitempty"`
	Next       []message.Step   `json:"next,omitempty"`
	Links      []message.Link   `json:"links,omitempty"`
	Notes      []alert.Note     `json:"notes,omitempty"`
	Columns    []string         `json:"columns,omitempty"`
	Rows       [][]string       `json:"rows,omitempty"`
	More       int64            `json:"more,omitempty"`
	Totals     []message.Total  `json:"totals,omitempty"`
	Facts      []alert.Label    `json:"facts,omitempty"`
	Custom     []alert.Label    `json:"custom,omitempty"`
	UserAgent  string           `json:"userAgent,omitempty"`
	FalseAlarm []string         `json:"falsePositives,omitempty"`
	Masked     int              `json:"masked,omitempty"`
}
