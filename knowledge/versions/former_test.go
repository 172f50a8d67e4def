package versions

import (
	"testing"

	"huiwen/knowledge/plan"
)

func TestFormerMeasures(t *testing.T) {
	was := &plan.Plan{Items: []plan.Item{{No: "1", Text: "开展职业技能培训，全年培训4100人次，打造特色品牌。"}, {No: "2", Text: "发放创业担保贷款2000万元，扶持创业120人。"}}}
	is := &plan.Plan{Items: []plan.Item{{No: "1", Text: "发放创业担保贷款2500万元，扶持创业150人。"}, {No: "2", Text: "建设农产品冷链物流园，完善仓储能力。"}, {No: "3", Text: "开展职业技能培训，全年培训4300人次，打造特色品牌。"}}}
	got := Former(was, is)
	if len(got) != 2 || got["1"] != "2" || got["3"] != "1" {
		t.Errorf("Former = %v", got)
	}
}
