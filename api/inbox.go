package api

// InboxResponse is the development inbox, newest first.
type InboxResponse struct {
	Messages []InboxMessage `json:"messages"`
}

// InboxMessage is a mail that was not sent but kept for a developer to read.
type InboxMessage struct {
	ID      string   `json:"id"`
	To      string   `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
	Links   []string `json:"links"`
	Code    string   `json:"code"`
}
