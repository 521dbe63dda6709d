import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.Resource;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r4.model.ValueSet;
import org.hl7.fhir.r5.elementmodel.Element;
import org.hl7.fhir.r5.model.ElementDefinition;
import org.hl7.fhir.r5.utils.validation.IMessagingServices;
import org.hl7.fhir.r5.utils.validation.IResourceValidator;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.utilities.validation.ValidationMessage;

/**
 * HAPI's R4 validator, which wraps HL7's own, over every JSON file below one folder, offline.
 *
 * <p>Arguments: the folder of samples, then folders of definitions. Out: for each message one line
 * of JSON {file, severity, location, message}; profiles claimed in meta.profile are honoured.
 */
final class Validate {
  private static final FhirContext R4 = FhirContext.forR4Cached();

  public static void main(String[] folders) throws IOException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    FhirValidator validator = validator(List.of(folders).subList(1, folders.length));
    Path samples = Path.of(folders[0]);
    for (Path file : jsonFiles(samples)) {
      for (SingleValidationMessage said :
          validator.validateWithResult(Files.readString(file)).getMessages()) {
        Map<String, String> line = new TreeMap<>();
        line.put("file", samples.relativize(file).toString());
        line.put("severity", said.getSeverity().getCode());
        line.put("location", said.getLocationString());
        line.put("message", said.getMessage());
        out.println(json(line));
      }
    }
  }

  /** A validator that knows FHIR R4, its extension pack, and what lies in these folders. */
  private static FhirValidator validator(List<String> definitions) throws IOException {
    ValidationSupportChain known =
        new ValidationSupportChain(
            new Core(),
            definitions(definitions),
            new InMemoryTerminologyServerValidationSupport(R4),
            new CommonCodeSystemsTerminologyService(R4),
            new UnknownCodeSystemWarningValidationSupport(R4),
            new SnapshotGeneratingValidationSupport(R4));
    // FHIR asks that one coding of a concept is in the value set, HAPI by itself that all are.
    known.setCodeableConceptValidationSuccessfulIfNotAllCodingsAreValid(true);
    FhirInstanceValidator module = new FhirInstanceValidator(known);
    module.setValidatorPolicyAdvisor(new VitalSigns());
    module.setAnyExtensionsAllowed(false);
    module.setErrorForUnknownProfiles(false);
    module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Warning);
    return R4.newValidator().registerValidatorModule(module);
  }

  /** FHIR R4 itself, also where a profile names it with its version, as HL7's validator does. */
  private static final class Core extends DefaultProfileValidationSupport {
    Core() {
      super(R4);
    }

    @Override
    public IBaseResource fetchStructureDefinition(String url) {
      return super.fetchStructureDefinition(url.replaceFirst("\\|4\\.0\\.1$", ""));
    }
  }

  /**
   * FHIR's rule that a vital sign's LOINC code claims its profile, which HAPI leaves out.
   *
   * <p>Not inside a Bundle: there HL7's validator 6.7 looks for contained resources in the Bundle.
   */
  private static final class VitalSigns extends FhirDefaultPolicyAdvisor {
    @Override
    public List<org.hl7.fhir.r5.model.StructureDefinition> getImpliedProfilesForResource(
        IResourceValidator validator,
        Object context,
        String path,
        ElementDefinition definition,
        org.hl7.fhir.r5.model.StructureDefinition structure,
        Element resource,
        boolean valid,
        IMessagingServices services,
        List<ValidationMessage> messages) {
      if (path.startsWith("Bundle.")) {
        return List.of();
      }
      return getPolicyAdvisor()
          .getImpliedProfilesForResource(
              validator, context, path, definition, structure, resource, valid, services, messages);
    }
  }

  private static PrePopulatedValidationSupport definitions(List<String> folders)
      throws IOException {
    PrePopulatedValidationSupport known = new PrePopulatedValidationSupport(R4);
    for (String folder : folders) {
      for (Path file : jsonFiles(Path.of(folder))) {
        Resource resource = (Resource) R4.newJsonParser().parseResource(Files.readString(file));
        if (resource instanceof StructureDefinition
            || resource instanceof ValueSet
            || resource instanceof CodeSystem) {
          known.addResource(resource);
        }
      }
    }
    return known;
  }

  private static List<Path> jsonFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  private static String json(Map<String, String> line) throws IOException {
    return new com.fasterxml.jackson.databind.ObjectMapper().writeValueAsString(line);
  }
}
