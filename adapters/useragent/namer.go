package useragent

import (
	ua "github.com/mileusna/useragent"
)

// longest is how much of a user agent is read. Real ones are shorter.
const longest = 512

// clients are the programs that get a name, by the library's name for them.
var clients = map[string]string{
	ua.Chrome: "Chrome", ua.Firefox: "Firefox", ua.Safari: "Safari", ua.Edge: "Edge", ua.Opera: "Opera", ua.OperaMini: "Opera Mini",
	ua.OperaTouch: "Opera Touch", ua.Vivaldi: "Vivaldi", ua.SamsungBrowser: "Samsung Browser", ua.InternetExplorer: "Internet Explorer",
	ua.HeadlessChrome: "Headless Chrome", ua.FacebookApp: "Facebook", ua.InstagramApp: "Instagram", ua.TiktokApp: "TikTok",
	"Huawei Browser": "Huawei Browser", "Miui Browser": "Miui Browser", "Android browser": "Android Browser", "YaBrowser": "Yandex Browser",
	"DuckDuckGo": "DuckDuckGo", "Brave": "Brave", "Electron": "Electron",
	// Programs and the libraries of apps.
	"curl": "curl", "Wget": "Wget", "HTTPie": "HTTPie", "PostmanRuntime": "Postman", "insomnia": "Insomnia", "okhttp": "okhttp",
	"Dart": "Dart", "python-requests": "Python", "Python-urllib": "Python", "python-httpx": "Python", "aiohttp": "Python",
	"Go-http-client": "Go", "Java": "Java", "node": "Node", "axios": "Node", "undici": "Node",
}

// systems are the operating systems that get a name.
var systems = map[string]string{
	ua.Windows: "Windows", ua.WindowsPhone: "Windows Phone", ua.Android: "Android", ua.MacOS: "macOS", ua.IOS: "iOS", ua.Linux: "Linux",
	ua.FreeBSD: "FreeBSD", ua.ChromeOS: "ChromeOS", ua.BlackBerry: "BlackBerry", ua.Harmony: "HarmonyOS",
}

// Namer implements device.Namer.
type Namer struct{}

// Name puts the words together.
func (Namer) Name(userAgent string) string {
	found := ua.Parse(userAgent[:min(len(userAgent), longest)])
	client, system := clients[found.Name], systems[found.OS]
	switch {
	case client != "" && system != "":
		return client + " on " + system
	case client != "":
		return client
	}
	return system
}
