package rule

import "github.com/trailwarden/trailwarden/rule/diagnostic"

type sigmaRules struct{ found int }

func (s *sigmaRules) empty() bool { return s.found == 0 }

func (l *loader) sigmaText(f *file, _ []byte) {
	l.sigma.found++
	l.say(diagnostic.Error, f.name, 1, CodeLanguage, "Sigma rules cannot be read yet")
}

func (l *loader) linkSigma() {}

func inFile(list diagnostic.List, name string) diagnostic.List {
	for i := range list {
		if list[i].File == "" {
			list[i].File = name
		}
	}
	return list
}
