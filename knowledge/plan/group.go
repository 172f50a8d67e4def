package plan

import (
	"regexp"
	"slices"
	"strings"
)

// groupEnd matches what a group of persons or firms is called.
var groupEnd = regexp.MustCompile(`[\p{Han}0-9—“”]{0,12}?(?:毕业生|退役军人|退伍军人|农民工|残疾人|困难人员|失业人员|登记失业人员|脱贫人口|低收入人口|搬迁群众|搬迁劳动力|搬迁人口|搬迁家庭|妇女|儿童|老年人|老人|学生|青年人|青年|新市民|退休人员|抚恤对象|优抚对象|低保家庭|特困人员家庭|特困人员|零就业家庭|参保人员|见习人员|劳动力|务工人员|农户|农民|村医|教师|工人|员工|职工|居民|个体工商户|小微企业|企业|合作社|家庭农场|种养大户|经营主体|技能人才|绣娘|创业人员|求职人员|就业困难对象|就业困难人员|低收入人群|群体)`)

// groups lists the persons and firms that an item names, each once.
func groups(text string) []string {
	out := []string{}
	for _, clause := range cut(text, "，,。；;、\n（()）:：") {
		clause = strings.Trim(clause, "，,。；;、\n（()）:： ")
		for _, g := range groupEnd.FindAllString(clause, -1) {
			g = trimGroup.ReplaceAllString(g, "")
			if n := len([]rune(g)); n >= 2 && n <= 14 && !slices.Contains(out, g) && strings.Contains(text, g) {
				out = append(out, g)
			}
		}
	}
	return out
}

var trimGroup = regexp.MustCompile(`^(?:.*(?:对|为|给|向|使用|鼓励|支持|组织|引导|帮助|保障|推动|吸纳|符合条件的|解决|拓宽|提升|促进|增加|不断|有效|切实|加大|依托|开展|获得|有|的|和|与|及|等|将|由|让|从|以|于|在))`)

// made matches a document that an item says will be written.
var made = regexp.MustCompile(`(?:制定|出台|编制|印发|修订|起草|研究制定|建立|完善|形成)[^，,。；;《]{0,12}(《[^》]{2,60}》)`)

// deliverables lists the documents that an item says will be written.
func deliverables(text string) []string {
	out := []string{}
	for _, m := range made.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}
