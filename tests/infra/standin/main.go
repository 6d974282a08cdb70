// A stand-in for the AWS provider: its schema, and nothing behind it. Terraform and OpenTofu
// validate and plan with it as with the real one, without an account, a registry or a network.
// KGIMPORT_SCHEMA names the schema as tests/infra/standin/schema.py writes it.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type attribute struct {
	Name     string
	Type     string
	Required bool
	Settable bool
	Computed bool
}

type nested struct {
	Name     string
	Many     bool
	Required bool
	Block    block
}

type block struct {
	Attributes []attribute
	Blocks     []nested
}

type schemas struct {
	Resource  map[string]block
	Data      map[string]block
	Ephemeral map[string]block
	Provider  block
}

var types = map[string]tftypes.Type{
	"string":  tftypes.String,
	"number":  tftypes.Number,
	"bool":    tftypes.Bool,
	"list":    tftypes.List{ElementType: tftypes.String},
	"map":     tftypes.Map{ElementType: tftypes.String},
	"dynamic": tftypes.DynamicPseudoType,
}

// What data sources say, where an expression needs to take it apart; anything else is its own name.
var known = map[string]string{
	"account_id": "111122223333", "partition": "aws", "region": "eu-central-1", "json": "{}",
}

// The bindings do not say which arguments are write-only; the provider names them so.
func (a attribute) writeOnly() bool { return a.Settable && strings.HasSuffix(a.Name, "_wo") }

func (b block) schema() *tfprotov6.Schema { return &tfprotov6.Schema{Block: b.proto()} }

func (b block) proto() *tfprotov6.SchemaBlock {
	out := &tfprotov6.SchemaBlock{}
	for _, a := range b.Attributes {
		out.Attributes = append(out.Attributes, &tfprotov6.SchemaAttribute{
			Name: a.Name, Type: types[a.Type], Required: a.Required, Optional: a.Settable && !a.Required,
			Computed: a.Computed && !a.writeOnly(), WriteOnly: a.writeOnly(),
		})
	}
	for _, n := range b.Blocks {
		item := &tfprotov6.SchemaNestedBlock{
			TypeName: n.Name, Block: n.Block.proto(), Nesting: tfprotov6.SchemaNestedBlockNestingModeList,
		}
		if !n.Many {
			item.MaxItems = 1
		}
		if n.Required {
			item.MinItems = 1
		}
		out.BlockTypes = append(out.BlockTypes, item)
	}
	return out
}

type provider struct {
	tfprotov6.ProviderServer // whatever else Terraform could ask for, it does not
	schemas
}

func protos(blocks map[string]block) map[string]*tfprotov6.Schema {
	out := map[string]*tfprotov6.Schema{}
	for name, b := range blocks {
		out[name] = b.schema()
	}
	return out
}

func (p provider) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{}, nil
}

func (p provider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		Provider: p.Provider.schema(), ResourceSchemas: protos(p.Resource),
		DataSourceSchemas: protos(p.Data), EphemeralResourceSchemas: protos(p.Ephemeral),
	}, nil
}

func (p provider) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

func (p provider) ValidateProviderConfig(_ context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (p provider) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (p provider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func (p provider) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (p provider) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (p provider) ValidateEphemeralResourceConfig(context.Context, *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return &tfprotov6.ValidateEphemeralResourceConfigResponse{}, nil
}

// filled gives a value whose absent computed attributes are what `fill` says.
func filled(b block, given *tfprotov6.DynamicValue, fill func(attribute) any) (*tfprotov6.DynamicValue, error) {
	kind := b.schema().ValueType()
	value, err := given.Unmarshal(kind)
	if err != nil || value.IsNull() {
		return given, err
	}
	members := map[string]tftypes.Value{}
	if err := value.As(&members); err != nil {
		return nil, err
	}
	for _, a := range b.Attributes {
		switch {
		case a.writeOnly():
			members[a.Name] = tftypes.NewValue(types[a.Type], nil)
		case a.Computed && members[a.Name].IsNull():
			members[a.Name] = tftypes.NewValue(types[a.Type], fill(a))
		}
	}
	out, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, members))
	return &out, err
}

func unknown(attribute) any { return tftypes.UnknownValue }

func example(a attribute) any {
	if a.Type != "string" {
		return nil
	}
	if text, ok := known[a.Name]; ok {
		return text
	}
	return a.Name
}

func (p provider) PlanResourceChange(_ context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	planned, err := filled(p.Resource[r.TypeName], r.ProposedNewState, unknown)
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: planned}, err
}

func (p provider) ReadDataSource(_ context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	state, err := filled(p.Data[r.TypeName], r.Config, example)
	return &tfprotov6.ReadDataSourceResponse{State: state}, err
}

func (p provider) OpenEphemeralResource(_ context.Context, r *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	result, err := filled(p.Ephemeral[r.TypeName], r.Config, example)
	return &tfprotov6.OpenEphemeralResourceResponse{Result: result}, err
}

func (p provider) CloseEphemeralResource(context.Context, *tfprotov6.CloseEphemeralResourceRequest) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return &tfprotov6.CloseEphemeralResourceResponse{}, nil
}

func main() {
	content, err := os.ReadFile(os.Getenv("KGIMPORT_SCHEMA"))
	if err != nil {
		log.Fatal(err)
	}
	var p provider
	if err := json.Unmarshal(content, &p.schemas); err != nil {
		log.Fatal(err)
	}
	serve := func() tfprotov6.ProviderServer { return p }
	if err := tf6server.Serve("registry.terraform.io/hashicorp/aws", serve); err != nil {
		log.Fatal(err)
	}
}
